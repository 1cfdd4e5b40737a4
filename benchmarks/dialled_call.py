"""A dialled call as the task tells it to the step function: eight requests, batched as the real task batches them."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from chalicelib.calls.commands import DialLegs, Fetch
from chalicelib.calls.events import Answered, Bridged, Ended, Event, Fetched, Incoming, Invited, Provisional
from chalicelib.calls.protocol import StepRequest, StepResponse, decode

ACCOUNT = "AC" + "b" * 32
URL = "https://app.example.com/voice"
DOCUMENT = (
    '<Response><Dial><Sip statusCallback="https://app.example.com/status" '
    'statusCallbackEvent="initiated ringing answered completed">sip:bob@example.net</Sip></Dial></Response>'
)


Wanted = TypeVar("Wanted", DialLegs, Fetch)


class Teller:
    """Sends the requests of one call.  ``invoke`` is the step function; ``seconds``: how long each took."""

    def __init__(self, invoke: Callable[[object], Any]) -> None:
        self.seconds: list[float] = []
        self.call = f"CA{secrets.token_hex(16)}"
        self._invoke = invoke
        self._numbers = itertools.count()

    def tell(self, *events: Event) -> StepResponse:
        """The next step."""
        request = msgspec.to_builtins(StepRequest(self.call, next(self._numbers), events, task="task"))
        started = time.perf_counter()
        answer = self._invoke(request)
        self.seconds.append(time.perf_counter() - started)
        return decode(json.dumps(answer), StepResponse)


def incoming(call: str) -> Incoming:
    """The first event."""
    return Incoming(
        **_now(), call=call, to="sip:100@voice.example.com", from_="sip:alice@example.com",
        sip_domain="voice.example.com", task="task",
    )  # fmt: skip


def dialled_call(invoke: Callable[[object], Any]) -> list[float]:
    """Dial, ring, answer, bridge, and the caller hangs up: the seconds of each step."""
    teller = Teller(invoke)
    fetch = _only(Fetch, teller.tell(incoming(teller.call)))
    body = Fetched(
        **_now(), call=teller.call, id=fetch.id, status=200, content_type="text/xml", body=DOCUMENT, url=URL
    )
    leg = _only(DialLegs, teller.tell(body)).legs[0].call
    teller.tell(Answered(**_now(), call=teller.call))
    teller.tell(
        Invited(**_now(), call=leg, sip_call_id=f"{leg}@192.0.2.1"), Provisional(**_now(), call=leg, code=180)
    )
    teller.tell(Answered(**_now(), call=leg))
    teller.tell(Bridged(**_now(), call=leg))
    teller.tell(Ended(**_now(), call=teller.call, code=200))
    if not teller.tell(Ended(**_now(), call=leg, code=200)).over:
        raise RuntimeError("the call did not come to its end")
    return teller.seconds


def _only(kind: type[Wanted], response: StepResponse) -> Wanted:
    (command,) = (each for each in response.commands if isinstance(each, kind))
    return command


def _now() -> dict[str, Any]:
    return {"at": time.time(), "entropy": secrets.token_hex(16)}
