"""What the callee's network says before the answer (183 with SDP), and who hears it."""

from __future__ import annotations

from pathlib import Path

from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

PROGRESS = "183 Session Progress"


def test_early_media_of_the_callee_reaches_the_caller_and_he_is_not_heard(
    tmp_path: Path, peers: Make
) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        callee.reply(invite, PROGRESS, sdp="sendrecv")
        wait_until(lambda: ear.hears(CALLEE_TONE))
        wait_until(lambda: mouth.heard_seconds() > 0.5)
        assert not mouth.hears(CALLER_TONE)
        callee.answer(invite)
        wait_until(lambda: mouth.hears(CALLER_TONE) and ear.hears(CALLEE_TONE))


def test_caller_who_is_not_answered_yet_gets_183_with_sdp_and_hears_it(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes='answerOnBridge="true"')}) as task:
        caller = peers(Caller, task.sip_port, ear.port)
        caller.call()
        invite = callee.expect("INVITE")
        callee.reply(invite, PROGRESS, sdp="sendrecv")
        assert "m=audio" in caller.expect("SIP/2.0 183").body
        wait_until(lambda: ear.hears(CALLEE_TONE))
        assert caller.count("SIP/2.0 200") == 0
        callee.answer(invite)
        caller.picked_up()
        wait_until(lambda: mouth.hears(CALLER_TONE) and ear.hears(CALLEE_TONE))


def test_tone_comes_back_when_the_leg_with_early_media_fails(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee, other = peers(Peer, mouth.port), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee), sip(other), attributes='ringTone="cn"')}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        other.expect("INVITE")
        callee.reply(invite, PROGRESS, sdp="sendrecv")
        wait_until(lambda: ear.hears(CALLEE_TONE))
        callee.reply(invite, "486 Busy Here")
        wait_until(lambda: ear.hears(450))


def test_early_media_of_a_leg_that_will_be_screened_is_not_heard(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    document = dial(sip(callee, 'url="http://app.example/screen"'), attributes='ringTone="cn"')
    with task_running(tmp_path, {MAIN: document}) as task:
        called(peers, task, ear.port)
        callee.reply(callee.expect("INVITE"), PROGRESS, sdp="sendrecv")
        wait_until(lambda: mouth.heard_seconds() > 0.5)
        wait_until(lambda: ear.hears(450))
        assert not ear.hears(CALLEE_TONE)


def test_callee_who_rings_in_two_ways_in_turn_makes_one_step_of_it(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(callee.uri)}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.picked_up()
        invite = callee.expect("INVITE")
        for _ in range(20):
            callee.reply(invite, "180 Ringing")
            callee.reply(invite, "183 Session Progress")
        callee.answer(invite)
        wait_until(lambda: task.events("bridged"))
        assert len(task.events("provisional")) == 1
        caller.hang_up()
