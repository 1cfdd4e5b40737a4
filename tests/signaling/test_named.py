"""The failures for which users of other platforms filed issues, each on the wire.

More of them, with SIPp: tests/signaling/test_fork.py.
"""

from __future__ import annotations

from pathlib import Path

from tests.signaling.documents import AFTER, HOOK, MAIN, dial, sip
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.task import action, called, task_running
from tests.waiting import wait_until


def test_all_busy_runs_the_action_and_the_ringback_stops(tmp_path: Path, peers: Make) -> None:
    ear, callees = peers(Telephone, CALLER_TONE), [peers(Peer), peers(Peer)]
    documents = {
        MAIN: dial(*map(sip, callees), attributes=f'action="{AFTER}" ringTone="my"'),
        AFTER: '<Response><Pause length="1"/></Response>',
    }
    with task_running(tmp_path, documents) as task:
        caller = called(peers, task, ear.port)
        invites = [callee.expect("INVITE") for callee in callees]
        wait_until(lambda: ear.hears(425, 0.2))
        for callee, invite in zip(callees, invites, strict=True):
            callee.reply(invite, "486 Busy Here")
        caller.expect("BYE")
        assert action(task)["DialCallStatus"] == "busy"
        assert not ear.hears(425)


def test_cancelled_fork_legs_report_completed_once_each(tmp_path: Path, peers: Make) -> None:
    callees = [peers(Peer) for _ in range(3)]
    with task_running(tmp_path, {MAIN: dial(*(sip(callee, HOOK) for callee in callees))}) as task:
        caller = called(peers, task)
        invites = [callee.expect("INVITE") for callee in callees]
        for callee, invite in zip(callees, invites, strict=True):
            callee.reply(invite, "180 Ringing")
        callees[0].answer(invites[0])
        for loser in callees[1:]:
            loser.expect("CANCEL")
        caller.hang_up()
        task.wait_idle()
        completed = [c for c in task.entries("callback") if c["event"] == "completed"]
        assert len({c["call"] for c in completed}) == len(completed) == 3
        assert sorted(c["parameters"]["CallStatus"] for c in completed) == [
            "canceled",
            "canceled",
            "completed",
        ]


def test_caller_who_cancels_before_the_callee_said_anything_cancels_him_at_his_first_word(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes='answerOnBridge="true"')}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.expect("SIP/2.0 180")
        invite = callee.expect("INVITE")
        caller.cancel()
        caller.expect("SIP/2.0 487")
        assert callee.count("CANCEL") == 0  # RFC 3261 §9.1: none before a provisional response
        callee.reply(invite, "180 Ringing")
        callee.expect("CANCEL")
        task.wait_idle()
        assert len(task.events("ended")) == 2


def test_bye_from_both_sides_at_once_is_answered_and_ends_the_call_once(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, HOOK))}) as task:
        caller = called(peers, task)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        callee.expect("ACK")
        callee.automatic = False
        caller.hang_up()
        bye = callee.expect("BYE")
        callee.request("BYE", invite)
        callee.expect("SIP/2.0 ")
        callee.reply(bye, "200 OK")
        task.wait_idle()
        assert [c["event"] for c in task.entries("callback")].count("completed") == 1


def test_our_200_is_repeated_until_the_caller_acknowledges_it(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        wait_until(lambda: caller.count("SIP/2.0 200") >= 3)
        caller.picked_up()
        callee.answer(callee.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        task.wait_idle()


def test_200_that_comes_again_because_our_ack_was_lost_is_acknowledged_again(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        callee.expect("ACK")
        callee.answer(invite)
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        assert len(task.events("bridged")) == 1


def test_180_after_the_200_changes_nothing(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, HOOK))}) as task:
        caller = called(peers, task)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        callee.reply(invite, "180 Ringing")
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        task.wait_idle()
        assert [c["event"] for c in task.entries("callback")] == ["initiated", "answered", "completed"]


def test_callee_who_holds_and_comes_back_is_heard_again(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        wait_until(lambda: ear.hears(CALLEE_TONE) and mouth.hears(CALLER_TONE))
        for direction in ("sendonly", "sendrecv"):
            callee.request("INVITE", invite, sdp=direction)
            callee.acknowledge(callee.expect("SIP/2.0 200"))
        wait_until(lambda: ear.hears(CALLEE_TONE) and mouth.hears(CALLER_TONE))


def test_callee_that_sends_rtp_from_another_port_than_he_said_is_heard_and_hears(
    tmp_path: Path, peers: Make
) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, 9)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        mouth.sends_to(int(invite.body.partition("m=audio ")[2].partition(" ")[0]))
        wait_until(lambda: ear.hears(CALLEE_TONE) and mouth.hears(CALLER_TONE))


def test_reliable_provisional_response_is_acknowledged(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        assert "100rel" in invite.header("supported")
        callee.reply(invite, "180 Ringing", "Require: 100rel", "RSeq: 7")
        prack = callee.expect("PRACK")
        assert prack.header("rack") == f"7 {invite.header('cseq')}"
        callee.reply(prack, "200 OK")
        callee.answer(invite)
        callee.expect("ACK")


def test_callee_who_sends_no_rtp_is_hung_up_and_the_reason_is_given(tmp_path: Path, peers: Make) -> None:
    callee, ear = peers(Peer), peers(Telephone, CALLER_TONE)
    documents = {MAIN: dial(sip(callee, HOOK), attributes=f'action="{AFTER}"'), AFTER: "<Response/>"}
    with task_running(tmp_path, documents, MEDIA_TIMEOUT_SECONDS="2") as task:
        caller = called(peers, task, ear.port)
        callee.answer(callee.expect("INVITE"))
        assert "no RTP" in callee.expect("BYE").header("reason")
        caller.expect("BYE")
        completed = [c["parameters"] for c in task.entries("callback") if c["event"] == "completed"]
        assert [c["ErrorCode"] for c in completed] == ["32018"]
        assert action(task)["DialCallStatus"] == "completed"


def test_callee_who_sends_rtp_or_holds_is_not_hung_up(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}, MEDIA_TIMEOUT_SECONDS="1") as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        wait_until(lambda: ear.hears(CALLEE_TONE) and ear.heard_seconds() > 2.5)
        callee.request("INVITE", invite, sdp="inactive")
        callee.acknowledge(callee.expect("SIP/2.0 200"))
        heard = ear.heard_seconds()
        mouth.falls_silent()
        wait_until(lambda: ear.heard_seconds() > heard + 2.5)
        assert callee.count("BYE") == 0
