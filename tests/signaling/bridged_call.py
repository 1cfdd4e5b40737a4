"""A caller and a callee who talk through the task, for tests of what must not harm them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.signaling.documents import MAIN, dial
from tests.signaling.peer import Make
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE
from tests.waiting import wait_until

from .peer import Caller, Message, Peer
from .rtp import Telephone
from .task import Task, task_running


@dataclass(frozen=True)
class Bridge:
    """``invite``: the callee's.  ``ear`` and ``mouth``: the telephones of the caller and of the callee."""

    task: Task
    caller: Caller
    callee: Peer
    invite: Message
    picked_up: Message
    ear: Telephone
    mouth: Telephone

    def ask(self, side: str, method: str, *lines: str, body: str = "", sdp: str = "") -> Peer:
        """A request in the dialog of ``side``, who is returned."""
        if side == "caller":
            self.caller.ask(method, *lines, body=body, sdp=sdp)
            return self.caller
        self.callee.request(method, self.invite, *lines, body=body, sdp=sdp)
        return self.callee

    def still_talks(self) -> bool:
        """Both hear the other's tone in what they get from now on, and nobody was hung up."""
        assert self.task.process.poll() is None, "the task died"
        before = self.ear.heard_seconds(), self.mouth.heard_seconds()
        wait_until(lambda: self.ear.heard_seconds() > before[0] + 0.5)
        wait_until(lambda: self.mouth.heard_seconds() > before[1] + 0.5)
        wait_until(lambda: self.ear.hears(CALLEE_TONE) and self.mouth.hears(CALLER_TONE))
        return self.caller.count("BYE") == self.callee.count("BYE") == 0

    def ends_well(self) -> None:
        """The caller hangs up, the callee is told, and nothing is left."""
        self.caller.hang_up()
        self.callee.expect("BYE")
        self.task.wait_idle()


@contextmanager
def bridge(folder: Path, peers: Make, attributes: str = "", **environment: str) -> Iterator[Bridge]:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    noun = f"<Sip>{callee.uri}</Sip>"
    with task_running(folder, {MAIN: dial(noun, attributes=attributes)}, **environment) as task:
        caller = peers(Caller, task.sip_port, ear.port)
        caller.call()
        picked_up = caller.picked_up()
        invite = callee.expect("INVITE")
        callee.answer(invite)
        callee.expect("ACK")
        wait_until(lambda: ear.hears(CALLEE_TONE))
        yield Bridge(task, caller, callee, invite, picked_up, ear, mouth)
