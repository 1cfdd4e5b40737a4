"""A call that is refreshed, held and asked about for hours, which pass in minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from tests.signaling.peer import Caller, Message, Peer

from .sides import Side, called, calling
from .site import NOTHING, VOICE, Site

REFRESH_EVERY, OPTIONS_EVERY, HOLD_EVERY, KEY_EVERY = 90, 30, 600, 360  # seconds of call time
HELD_FOR = 60
HOLDS = "sendonly", "inactive"
KEYS = "0123456789*#"
HOUR = 3600
PARENT = "x-callapi-parentcallsid"


class Due(NamedTuple):
    """At ``at`` seconds of call time."""

    at: float
    turn: int
    what: str


def timetable(hours: float) -> list[Due]:
    """Of four hours: 160 refreshes, 480 OPTIONS, 24 holds with their ends, 40 keys."""
    every = {"refresh": REFRESH_EVERY, "options": OPTIONS_EVERY, "hold": HOLD_EVERY, "key": KEY_EVERY}
    length = int(hours * HOUR)
    due = [
        Due(turn * seconds, turn, what)
        for what, seconds in every.items()
        for turn in range(length // seconds)
    ]
    ends = [Due(hold.at + HELD_FOR, hold.turn, "retrieve") for hold in due if hold.what == "hold"]
    return sorted(due + ends)


@dataclass(frozen=True)
class LongCall:
    """``key``: the user that was called.  ``sid``: the CallSid of the caller's call, whose log this is."""

    key: str
    sid: str
    caller: Caller
    callee: Peer
    sides: tuple[Side, Side]
    site: Site

    def live(self, due: Sequence[Due], hour: float) -> None:
        """Do what is ``due``, an hour of call time in ``hour`` seconds; late where an answer was."""
        begun = time.monotonic()
        for each in due:
            time.sleep(max(0.0, begun + each.at * hour / HOUR - time.monotonic()))
            self._do(each)

    def end(self, side: int) -> None:
        """That side hangs up; the other one is hung up."""
        self.sides[side].ask("BYE")
        (self.caller, self.callee)[1 - side].expect("BYE")

    @property
    def actions(self) -> list[str]:
        """What the Dial's action was told."""
        return [form["DialCallStatus"] for form in self.site.asked[action(self.key)]]

    def _do(self, due: Due) -> None:
        side = self.sides[due.turn % 2]
        match due.what:
            case "refresh":
                side.refresh()
            case "options":
                side.ask("OPTIONS")
            case "hold":
                side.hold(HOLDS[due.turn // 2 % 2])
            case "retrieve":
                side.hold("sendrecv")
            case "key":
                side.press(KEYS[due.turn % len(KEYS)])


def action(key: str) -> str:
    """The path of a Dial's action."""
    return f"/action/{key}"


def dial(site: Site, key: str, *callees: Peer, attributes: str = "") -> str:
    """A document that dials them, with ``answerOnBridge``: the caller's 200 says that the two are connected."""
    hook = f'statusCallback="{site.url("/hook")}" statusCallbackEvent="initiated ringing answered completed"'
    nouns = "".join(f"<Sip {hook}>{callee.uri}</Sip>" for callee in callees)
    asked = f'answerOnBridge="true" action="{site.url(action(key))}" {attributes}'
    return f"<Response><Dial {asked}>{nouns}</Dial></Response>"


@contextmanager
def long_call(site: Site, port: int, key: str) -> Iterator[LongCall]:
    """Connected, through the task at ``port``."""
    callee, caller = Peer(), Caller(port)
    try:
        site.documents[f"{VOICE}/{key}"] = dial(site, key, callee)
        site.documents[action(key)] = NOTHING
        caller.call(target=target(key, port))
        invite = taken(callee)
        caller.picked_up()
        sides = calling(caller), called(callee, invite)
        yield LongCall(key, invite.header(PARENT), caller, callee, sides, site)
    finally:
        caller.close()
        callee.close()


def taken(callee: Peer, ready: Callable[[], object] = lambda: None) -> Message:
    """The INVITE that came, answered, and acknowledged by the task."""
    invite = callee.expect("INVITE")
    ready()
    callee.answer(invite)
    callee.expect("ACK")
    return invite


def target(key: str, port: int) -> str:
    """Whom to call for the document of ``key``."""
    return f"sip:{key}@127.0.0.1:{port}"
