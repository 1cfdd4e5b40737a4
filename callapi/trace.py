"""``callapi trace``: one call from the log, as moments of three kinds: SIP messages, commands, webhooks.

What the log never holds cannot be shown: SIP passwords are sealed there.  Sealed values are left out here too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from chalicelib.calls.commands import Callback, Command, DialLegs, Fetch, Invite, Perform
from chalicelib.calls.events import Event, Fetched
from chalicelib.calls.protocol import SipMessage
from chalicelib.sip.message import Message
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog, Row
from chalicelib.storage.table import Table
from chalicelib.storage.traces import Traces

Kind = Literal["sip", "event", "command", "webhook", "problem"]
PLATFORM = "callapi"
APPLICATION = "application"


class UnknownCallError(LookupError):
    """The log has no such call."""


@dataclass(frozen=True)
class Moment:
    """Something that went from ``source`` to ``target`` at ``at`` (seconds since the epoch, UTC).

    ``step``: the number of the step that it belongs to; 0 for a SIP message, which belongs to none.
    """

    at: float
    kind: Kind
    source: str
    target: str
    label: str
    call: str = ""
    step: int = 0


@dataclass(frozen=True)
class Recorded:
    """What the log holds of a session: its steps, and the SIP messages of its calls."""

    rows: tuple[Row, ...]
    messages: tuple[SipMessage, ...] = ()


def read_session(table: Table, call: str) -> Recorded:
    """The session that ``call`` (parent or child) belongs to; UnknownCallError when there is none."""
    log = DynamoCallLog(table)
    session, rows = call, tuple(log.history(call))
    if not rows and (listed := Listing(table).get(call)) is not None:
        session, rows = listed.session, tuple(log.history(listed.session))
    if not rows:
        raise UnknownCallError(f"no call {call} in the log")
    return Recorded(rows, tuple(Traces(table).history(session)))


def moments(recorded: Recorded) -> list[Moment]:
    """What happened, in time."""
    found = [moment for row in recorded.rows for moment in _row_moments(row)]
    found += map(_sip, recorded.messages)
    return sorted(found, key=lambda moment: moment.at)


def calls_table() -> Table:
    """The table named by CALLS_TABLE in the AWS account of the environment, else that of the local platform."""
    import boto3

    from .emulator import Cloud
    from .platform import find_running

    name = os.environ.get("CALLS_TABLE")
    if name:
        return Table(boto3.client("dynamodb"), name)
    running = find_running()
    return Table(Cloud(running.endpoint).dynamodb(), running.calls_table)


def _row_moments(row: Row) -> Iterator[Moment]:
    for event in row.events:
        yield _event(row, event)
    for command in row.commands:
        yield _command(row, command)
    for callback in row.callbacks:
        yield _webhook(row, callback)
    for problem in row.problems:
        text = f"{problem.severity} {problem.code} {problem.message}"
        yield Moment(row.at, "problem", PLATFORM, PLATFORM, text, row.session, row.number)


def _sip(message: SipMessage) -> Moment:
    first = Message(message.text).start_line.removesuffix(" SIP/2.0").removeprefix("SIP/2.0 ")
    label = f"{first} ({message.transport})"
    if message.left_out:
        label += f" after {message.left_out} that were left out"
    source, target = (PLATFORM, message.peer) if message.sent else (message.peer, PLATFORM)
    return Moment(message.at, "sip", source, target, label, message.call)


def _event(row: Row, event: Event) -> Moment:
    call = str(getattr(event, "call", row.session))
    if isinstance(event, Fetched):
        label = f"{event.status or 'no answer'} {event.content_type}".strip()
        label += f" error {event.error}" if event.error else ""
        return Moment(event.at, "webhook", APPLICATION, PLATFORM, label, call, row.number)
    return Moment(event.at, "event", PLATFORM, PLATFORM, _tag(event), call, row.number)


def _command(row: Row, command: Command) -> Moment:
    call = command.leg.call if isinstance(command, Invite) else command.call
    if isinstance(command, Fetch):
        label = f"{command.method} {command.url.partition('?')[0]}"
        return Moment(row.at, "webhook", PLATFORM, APPLICATION, label, call, row.number)
    return Moment(row.at, "command", PLATFORM, PLATFORM, _tag(command) + _detail(command), call, row.number)


def _detail(command: Command) -> str:
    if isinstance(command, DialLegs):
        return " " + ", ".join(leg.uri for leg in command.legs)
    if isinstance(command, Invite):
        return f" {command.leg.uri}"
    if isinstance(command, Perform):
        return " " + ", ".join(_tag(item) for item in command.items)
    return ""


def _webhook(row: Row, callback: Callback) -> Moment:
    status = callback.parameters.get("CallStatus", "")
    label = f"{callback.event} CallStatus={status} SequenceNumber={callback.sequence}"
    return Moment(callback.at, "webhook", PLATFORM, APPLICATION, label, callback.call, row.number)


def _tag(value: msgspec.Struct) -> str:
    return str(value.__struct_config__.tag)
