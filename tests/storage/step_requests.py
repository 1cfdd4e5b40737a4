"""The steps of one dialled call, as its task requests them."""

from __future__ import annotations

from chalicelib.calls.commands import DialLegs, Fetch
from chalicelib.calls.events import Answered, Bridged, Event, Fetched, Incoming, Invited, Provisional
from chalicelib.calls.protocol import StepRequest, StepResponse

from .cloud import CALLER, NOW

DOCUMENT = (
    '<Response><Dial action="/done"><Sip statusCallback="https://app.example.com/s" '
    'statusCallbackEvent="initiated ringing answered completed">sip:bob@example.net</Sip></Dial></Response>'
)


def request(number: int, *events: Event, epoch: int = 0, session: str = CALLER) -> StepRequest:
    return StepRequest(session, number, events, epoch, "task-1")


def incoming(session: str = CALLER, domain: str = "voice.example.com") -> Incoming:
    return Incoming(
        at=NOW, entropy="e0", call=session, to=f"sip:100@{domain}", from_="sip:alice@example.com",
        sip_domain=domain, task="task-1",
    )  # fmt: skip


def fetched(answer: StepResponse, body: str = DOCUMENT, at: float = NOW + 1) -> Fetched:
    """The application's answer to the fetch that ``answer`` commands."""
    command = next(command for command in answer.commands if isinstance(command, Fetch))
    return Fetched(
        at=at, entropy="e1", call=command.call, id=command.id, status=200, content_type="text/xml", body=body,
        url=command.url,
    )  # fmt: skip


def leg(answer: StepResponse) -> str:
    """The CallSid of the leg that ``answer`` dials."""
    return next(command for command in answer.commands if isinstance(command, DialLegs)).legs[0].call


def bridged(child: str) -> tuple[Event, ...]:
    return (
        Invited(at=NOW + 2, entropy="e2", call=child, sip_call_id="x@y"),
        Provisional(at=NOW + 3, entropy="e3", call=child, code=180),
        Answered(at=NOW + 4, entropy="e4", call=child),
        Bridged(at=NOW + 4, entropy="e5", call=child),
    )
