"""The messages between the processes: what a driver asks of the step function, and what lies in the queues.

All of them are JSON: ``encode`` and ``decode`` are the only places where that is decided.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from .commands import Callback, Command, Fetch
from .events import CallChange, Event, Fetched
from .registration import Registered, Registration
from .types import Value


class SipMessage(Value, frozen=True):
    """A SIP message seen on the wire, for the log.  ``text`` has no body and no credentials.

    ``left_out``: messages of the session just before it that were too many for its log.
    """

    at: float
    call: str
    sent: bool
    peer: str
    transport: str
    text: str
    left_out: int = 0


class StepRequest(Value, frozen=True):
    """Feed ``events`` to session ``session`` as its step ``number`` (0, 1, 2 …), under the owner's ``epoch``.

    One owner sends one request of a session at a time.  Sent again unchanged, it has the same effect and answer.
    ``trace``: SIP messages of the session for its log, of which ``traced`` were sent before.
    """

    session: str
    number: int
    events: tuple[Event, ...]
    epoch: int = 0
    task: str = ""
    trace: tuple[SipMessage, ...] = ()
    traced: int = 0


class StepResponse(Value, frozen=True):
    """``fenced``: another writer owns the session; drop its calls.  ``over``: no event of it is needed any more.

    ``failed``: the catalogue code of a step that was not made and never can be: abandon the session.
    """

    session: str
    number: int
    commands: tuple[Command, ...] = ()
    over: bool = False
    fenced: bool = False
    failed: int = 0


class TracePart(Value, frozen=True):
    """SIP messages of one session for its log; ``first`` is the number of the first of them in the session."""

    session: str
    first: int
    messages: tuple[SipMessage, ...]


class TraceRequest(Value, frozen=True):
    """SIP messages that no step took along, of any number of sessions.  Sent again, it has the same effect."""

    traces: tuple[TracePart, ...]


class TraceResponse(Value, frozen=True):
    """The messages are in the log, or can never be."""


class OutboundCall(Value, frozen=True):
    """In the outbound queue: a created session that waits for a task to claim it (its step 1)."""

    session: str


class ChangeRequest(Value, frozen=True):
    """In a task's own queue: what the API asks of a call whose session the task owns.

    The queue may give it twice: ``id`` tells the second from another one like it.
    """

    session: str
    call: str
    change: CallChange
    id: str = ""


Message = TypeVar("Message")

# No sorting: the calls of a session are in the order in which they were made.
_encoder = msgspec.json.Encoder()


def encode(message: object) -> bytes:
    """``message`` as JSON; the same value always gives the same bytes."""
    return _encoder.encode(message)


# Made here, on one thread.  msgspec reads a type the first time that it decodes one, and two threads that do so at the
# same time crash the process: of a burst's first calls each brings an answer on a thread of its own.
_decoders: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (
        StepRequest,
        StepResponse,
        TraceRequest,
        TraceResponse,
        Fetch,
        Fetched,
        Callback,
        OutboundCall,
        ChangeRequest,
        Registration,
        Registered,
    )
}


def decode(data: bytes | str, kind: type[Message]) -> Message:
    """The value in ``data``; ``msgspec.ValidationError`` when it is not a ``kind``.

    Messages between processes may be decoded on any thread, other kinds on one at a time.
    """
    decoder = _decoders.get(kind)
    found: Message = decoder.decode(data) if decoder is not None else msgspec.json.decode(data, type=kind)
    return found
