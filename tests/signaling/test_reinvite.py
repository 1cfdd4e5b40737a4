"""A dialog that is changed or refreshed while it is up: hold and resume, session timers (RFC 3264 §8.4, RFC 4028)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signaling.peer import Caller, Peer
from tests.signaling.rtp import Telephone
from tests.signaling.theatre import MAIN, Task, dial, task_running, wait_until

CALLER_TONE, CALLEE_TONE = 600.0, 1000.0
MIN_SE = 90  # seconds: no session may be shorter (RFC 4028 §4)


@pytest.fixture
def telephones() -> Iterator[tuple[Telephone, Telephone]]:
    both = Telephone(CALLER_TONE), Telephone(CALLEE_TONE)
    yield both
    for telephone in both:
        telephone.close()


@pytest.fixture
def callee(telephones: tuple[Telephone, Telephone]) -> Iterator[Peer]:
    peer = Peer(telephones[1].port)
    yield peer
    peer.close()


@pytest.fixture
def task(tmp_path: Path, callee: Peer) -> Iterator[Task]:
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes='answerOnBridge="true"')}) as running:
        yield running


@pytest.fixture
def caller(task: Task, telephones: tuple[Telephone, Telephone]) -> Iterator[Caller]:
    peer = Caller(task.sip_port, telephones[0].port)
    yield peer
    peer.close()


def more_heard(telephone: Telephone, seconds: float) -> float:
    """Seconds of sound that come within ``seconds`` from now."""
    before = telephone.heard_seconds()
    time.sleep(seconds)
    return telephone.heard_seconds() - before


def test_audio_returns_after_hold_and_resume(
    task: Task, caller: Caller, callee: Peer, telephones: tuple[Telephone, Telephone]
) -> None:
    caller.call()
    invite = callee.expect("INVITE")
    callee.answer(invite)
    caller.picked_up()
    callee.expect("ACK")
    wait_until(lambda: telephones[1].hears(CALLER_TONE) and telephones[0].hears(CALLEE_TONE))

    callee.request("INVITE", invite, sdp="sendonly")
    held = callee.expect("SIP/2.0 200")
    callee.acknowledge(held)
    assert "a=recvonly" in held.body
    wait_until(lambda: more_heard(telephones[1], 0.3) == 0)

    callee.request("INVITE", invite, sdp="sendrecv")
    callee.acknowledge(callee.expect("SIP/2.0 200"))
    wait_until(lambda: more_heard(telephones[1], 0.6) > 0.4)
    assert telephones[1].hears(CALLER_TONE)
    assert telephones[0].hears(CALLEE_TONE)
    caller.hang_up()
    task.wait_idle()


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
