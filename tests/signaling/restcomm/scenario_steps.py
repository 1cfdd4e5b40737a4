"""What the scenarios of Restcomm's test suite share.  Which of theirs is which of ours: docs/restcomm-scenarios.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.signaling.documents import AFTER
from tests.signaling.peer import Caller, Message, Peer
from tests.signaling.task import Task
from tests.waiting import wait_until

Ending = Callable[[Caller, Peer, Message], None]
EVENTS = "http://app.example/events"
ACTION = f'action="{AFTER}"'
ALL = "initiated,ringing,answered,completed"


def reported(peer: Peer, events: str = ALL, method: str = "POST") -> str:
    """A Sip noun whose ``events`` are told to the application."""
    hook = f'statusCallback="{EVENTS}" statusCallbackMethod="{method}" statusCallbackEvent="{events}"'
    return f"<Sip {hook}>{peer.uri}</Sip>"


def rings(peer: Peer) -> Message:
    """The INVITE, once the callee has said that it rings."""
    invite = peer.expect("INVITE")
    peer.reply(invite, "180 Ringing")
    return invite


def callbacks(task: Task, peer: Peer) -> list[dict[str, Any]]:
    """Every status callback about the leg to ``peer``, once it is over."""

    def found() -> list[dict[str, Any]]:
        return [each for each in task.entries("callback") if each["parameters"]["To"] == peer.uri]

    wait_until(lambda: [each for each in found() if each["event"] == "completed"])
    return found()


def told(task: Task, peer: Peer) -> list[tuple[str, str, str]]:
    """Event, CallStatus and SequenceNumber of each of them."""
    names = ("StatusCallbackEvent", "CallStatus", "SequenceNumber")
    rows = [[each["parameters"][name] for name in names] for each in callbacks(task, peer)]
    return [(event, status, number) for event, status, number in rows]


def fetched(task: Task, url: str = AFTER, count: int = 1) -> list[dict[str, str]]:
    """The parameters of the requests to ``url``, when there are ``count`` of them."""

    def found() -> list[dict[str, Any]]:
        return [command for command in task.entries("command", "fetch") if command["url"] == url]

    wait_until(lambda: len(found()) >= count)
    assert len(found()) == count
    return [command["parameters"] for command in found()]


def callee_hangs_up(caller: Caller, callee: Peer, invite: Message) -> None:
    callee.request("BYE", invite)
    caller.expect("BYE")


def caller_hangs_up(caller: Caller, callee: Peer, _: Message) -> None:
    caller.hang_up()
    callee.expect("BYE")
