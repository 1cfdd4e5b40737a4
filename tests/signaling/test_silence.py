"""A call whose other side makes no sound, or no more, does not keep its place of the task."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.peer import Caller, Make, Message, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

SAY = '<Response><Say>Hello</Say><Pause length="600"/></Response>'
LIMIT = 2.0
SILENT = {"MEDIA_TIMEOUT_SECONDS": f"{LIMIT:.0f}"}


def port_of(message: Message) -> int:
    """Where the sound of its SDP is expected."""
    return int(message.body.partition("m=audio ")[2].partition(" ")[0])


def test_caller_who_sends_no_rtp_is_hung_up_and_the_reason_is_given(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = called(peers, task)
        answered = time.monotonic()
        assert "no RTP" in caller.expect("BYE", 10).header("reason")
        assert time.monotonic() - answered > 0.9 * LIMIT
        [ended] = wait_until(lambda: task.events("ended"))
        assert ended["error"] == 32018
        task.wait_idle()


@pytest.mark.parametrize(
    ("direction", "address"), [("inactive", "127.0.0.1"), ("sendonly", "127.0.0.1"), ("sendrecv", "0.0.0.0")]
)
def test_caller_who_begins_with_a_hold_and_is_silent_is_hung_up(
    tmp_path: Path, peers: Make, direction: str, address: str
) -> None:
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = peers(Caller, task.sip_port)
        caller.address = address
        caller.call(sdp=direction)
        caller.picked_up()
        caller.expect("BYE", 10)
        task.wait_idle()


def test_caller_who_was_heard_may_hold_and_fall_silent(tmp_path: Path, peers: Make) -> None:
    ear = peers(Telephone, CALLER_TONE)
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = called(peers, task, ear.port)
        wait_until(lambda: ear.heard_seconds() > 1)
        caller.calls_anew("inactive")
        ear.falls_silent()
        time.sleep(2.5 * LIMIT)
        assert caller.count("BYE") == 0
        caller.calls_anew()
        caller.expect("BYE", 10)
        task.wait_idle()


def test_caller_who_falls_silent_is_hung_up_when_the_limit_is_over(tmp_path: Path, peers: Make) -> None:
    ear = peers(Telephone, CALLER_TONE)
    with task_running(tmp_path, {MAIN: SAY}, MEDIA_TIMEOUT_SECONDS="3") as task:
        caller = called(peers, task, ear.port)
        wait_until(lambda: ear.heard_seconds() > 4)
        assert caller.count("BYE") == 0
        ear.falls_silent()
        since = time.monotonic()
        caller.expect("BYE", 10)
        assert time.monotonic() - since > 2.7
        task.wait_idle()


def test_caller_who_only_listens_but_sends_rtcp_stays(tmp_path: Path, peers: Make) -> None:
    ear = peers(Telephone, CALLER_TONE)
    ear.falls_silent()
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = peers(Caller, task.sip_port, ear.port)
        caller.call()
        port = port_of(caller.picked_up())
        for _ in range(10):
            ear.reports(port + 1)
            time.sleep(0.5)
        assert caller.count("BYE") == 0
        caller.expect("BYE", 10)
        task.wait_idle()


def test_callee_who_is_screened_and_silent_is_hung_up(tmp_path: Path, peers: Make) -> None:
    ear, callee = peers(Telephone, CALLER_TONE), peers(Peer)
    documents = {
        MAIN: dial(sip(callee, 'url="http://app.example/screen"')),
        "http://app.example/screen": '<Response><Pause length="600"/></Response>',
    }
    with task_running(tmp_path, documents, **SILENT) as task:
        caller = called(peers, task, ear.port)
        callee.answer(callee.expect("INVITE"))
        assert "no RTP" in callee.expect("BYE", 10).header("reason")
        caller.expect("BYE")
        task.wait_idle()


def test_early_media_is_no_sign_of_life_after_the_answer(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}, MEDIA_TIMEOUT_SECONDS="3") as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        callee.reply(invite, "183 Session Progress", sdp="sendrecv")
        wait_until(lambda: ear.hears(CALLEE_TONE))
        mouth.falls_silent()
        callee.answer(invite)
        callee.expect("BYE", 10)
        task.wait_idle()
