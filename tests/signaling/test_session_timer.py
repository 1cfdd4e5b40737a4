"""A dialog that is refreshed while it is up (RFC 4028)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial
from tests.signaling.peer import Caller, Peer
from tests.signaling.task import Task, task_running

MIN_SE = 90  # seconds: no session may be shorter (RFC 4028 §4)


@pytest.fixture
def callee() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def task(tmp_path: Path, callee: Peer) -> Iterator[Task]:
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes='answerOnBridge="true"')}) as running:
        yield running


@pytest.fixture
def caller(task: Task) -> Iterator[Caller]:
    peer = Caller(task.sip_port)
    yield peer
    peer.close()


@pytest.mark.timeout(90)
def test_session_timer_is_agreed_and_refreshed_at_half_of_it(
    task: Task, caller: Caller, callee: Peer
) -> None:
    caller.call()
    invite = callee.expect("INVITE")
    assert "timer" in invite.header("supported")
    callee.answer(invite, "Require: timer", "Supported: timer", f"Session-Expires: {MIN_SE};refresher=uac")
    caller.picked_up()
    callee.expect("ACK")
    refresh = callee.expect("INVITE", MIN_SE / 2 + 10)
    assert refresh.header("call-id") == invite.header("call-id")
    assert refresh.header("session-expires").startswith(f"{MIN_SE}")
    callee.answer(refresh, "Require: timer", f"Session-Expires: {MIN_SE};refresher=uac")
    callee.expect("ACK")
    assert task.health()["calls"] == 2
    caller.hang_up()
    task.wait_idle()


@pytest.mark.timeout(90)
def test_reinvite_that_meets_ours_gets_491_and_the_call_stays_up(
    task: Task, caller: Caller, callee: Peer
) -> None:
    """The refresh is the one re-INVITE that the task sends by itself (RFC 3261 §14.2)."""
    caller.call()
    invite = callee.expect("INVITE")
    callee.answer(invite, "Require: timer", "Supported: timer", f"Session-Expires: {MIN_SE};refresher=uac")
    caller.picked_up()
    callee.expect("ACK")
    ours = callee.expect("INVITE", MIN_SE / 2 + 10)
    callee.request("INVITE", invite, sdp="sendrecv")
    callee.expect("SIP/2.0 491")
    callee.answer(ours, "Require: timer", f"Session-Expires: {MIN_SE};refresher=uac")
    callee.expect("ACK")
    callee.request("INVITE", invite, sdp="sendrecv")
    callee.acknowledge(callee.expect("SIP/2.0 200"))
    assert task.health()["calls"] == 2
    caller.hang_up()
    callee.expect("BYE")
    task.wait_idle()
