"""Plays a whole session against the step function, as a task would, and watches every size on the way.

The peers and the application are as bad as the test makes them; the sizes are those of Lambda, DynamoDB and SQS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chalice.test import Client

from chalicelib.calls.commands import (
    Answer,
    Bridge,
    Callback,
    Command,
    DialLegs,
    Fetch,
    Hangup,
    Perform,
    Reject,
)
from chalicelib.calls.events import (
    Answered,
    Bridged,
    Ended,
    Event,
    Fetched,
    Incoming,
    Invited,
    Performed,
    Provisional,
)
from chalicelib.calls.protocol import SipMessage, StepRequest, decode, encode
from chalicelib.calls.session import Headers
from chalicelib.storage import aws
from tests.storage.cloud import CALLER, NOW, Cloud

PAYLOAD = 6 * 1024 * 1024
ITEM = 400_000
MESSAGE = 262_144
SQS_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
MOST_STEPS = 80
URL = "https://app.example.com/voice"


class SimulatedTask:
    """``documents``: what the application says, in turn.  ``text`` stands wherever a peer may write what he likes.

    Every leg rings, and ends with ``code``; the last one of a Dial answers when ``answers``.
    """

    def __init__(
        self,
        cloud: Cloud,
        step: Client,
        documents: list[str],
        *,
        text: str = "",
        headers: Headers = (),
        code: int = 486,
        answers: bool = False,
    ) -> None:
        self._cloud = cloud
        self._step = step
        self._documents: Iterator[str] = iter(documents)
        self._text, self._headers, self._code, self._answers = text, headers, code, answers
        self._number = 0
        self._traced = 0
        self._alive: set[str] = {CALLER}
        self._todo: list[Event] = []
        self.known: set[str] = {CALLER}
        self.performed = 0
        self.over = False
        _watch_items(cloud)

    def play(self) -> None:
        """From the INVITE to the end of everything.  Calls that go on end when nothing else happens, or at step 80."""
        incoming = Incoming(
            **self._now(), call=CALLER, to="sip:100@voice.example.com", from_="sip:alice@example.com",
            caller_name=self._text[:255], forwarded_from=self._text, sip_call_id=self._text,
            sip_domain=self._text[:253],
            headers=self._headers, task="task-1",
        )  # fmt: skip
        self._feed(incoming)
        while not self.over and self._number < 2 * MOST_STEPS:
            if not self._todo or self._number == MOST_STEPS:
                self._todo += [self._ended(sid) for sid in sorted(self._alive)]
            batch, self._todo = self._todo[:12], self._todo[12:]
            self._feed(*batch)

    def callbacks(self) -> list[Callback]:
        """What was queued for the application; every message is one that SQS takes."""
        messages = [message["Body"] for message in self._cloud.received(self._cloud.callbacks_url)]
        for body in messages:
            assert len(body.encode()) <= MESSAGE
            assert SQS_TEXT.fullmatch(body)
        return [decode(body, Callback) for body in messages]

    def _now(self) -> dict[str, Any]:
        return {"at": NOW + self._number, "entropy": f"e{self._number}-{len(self._todo)}"}

    def _feed(self, *events: Event) -> None:
        trace = (SipMessage(NOW + self._number, CALLER, True, "192.0.2.1:5060", "UDP", self._text * 8),) * 2
        request = StepRequest(CALLER, self._number, events, 0, "task-1", trace, self._traced)
        assert len(encode(request)) <= PAYLOAD
        response = self._cloud.step(self._step, request)
        assert len(encode(response)) <= PAYLOAD
        assert (response.failed, response.fenced) == (0, False)
        self._number += 1
        self._traced += len(trace)
        self.over = response.over
        for command in response.commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        match command:
            case Fetch():
                self._todo.append(self._answer(command))
            case Answer():
                self._todo.append(Answered(**self._now(), call=command.call))
            case DialLegs():
                self._ring(command)
            case Perform():
                self.performed += 1
                self._todo.append(Performed(**self._now(), call=command.call, id=command.id))
            case Bridge():
                self._todo.append(Bridged(**self._now(), call=command.leg))
            case Hangup() | Reject():
                self._todo.append(self._ended(command.call))

    def _answer(self, command: Fetch) -> Fetched:
        body = next(self._documents, "<Response/>")
        return Fetched(
            **self._now(),
            call=command.call,
            id=command.id,
            status=200,
            content_type="text/xml",
            body=body,
            url=URL,
        )

    def _ring(self, command: DialLegs) -> None:
        for leg in command.legs:
            self.known.add(leg.call)
            self._alive.add(leg.call)
            self._todo.append(Invited(**self._now(), call=leg.call, sip_call_id=self._text))
            self._todo.append(Provisional(**self._now(), call=leg.call, code=180, reason=self._text[:255]))
            if self._answers and leg is command.legs[-1]:
                self._todo.append(Answered(**self._now(), call=leg.call, headers=self._headers))
                self._todo.append(Bridged(**self._now(), call=leg.call))
            else:
                self._todo.append(self._ended(leg.call))

    def _ended(self, call: str) -> Ended:
        self._alive.discard(call)
        return Ended(
            **self._now(), call=call, code=self._code, reason=self._text[:255], headers=self._headers
        )


def _watch_items(cloud: Cloud) -> None:
    """DynamoDB's limit, measured on what is sent, and not by what an emulator makes of it."""

    def watched(params: dict[str, Any], **_: Any) -> None:
        for item in items_in(params):
            size = size_of(item)
            assert size <= ITEM, f"an item of {size} bytes"

    aws.dynamodb().meta.events.register("provide-client-params.dynamodb", watched)


def items_in(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a request to DynamoDB writes."""
    if "Item" in params:
        yield params["Item"]
    for write in params.get("TransactItems", []):
        if "Put" in write:
            yield write["Put"]["Item"]


def size_of(item: dict[str, Any]) -> int:
    """As DynamoDB counts it."""
    return sum(len(name) + _size(value) for name, value in item.items())


def _size(value: dict[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "N":
        return 21
    return len(content.encode() if isinstance(content, str) else content)
