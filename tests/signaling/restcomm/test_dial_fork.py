"""DialForkTest: many ring, and what each of them and the caller is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import AFTER, MAIN, dial
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.restcomm.scenario_steps import ACTION, fetched, reported, rings, told
from tests.signaling.task import called, task_running
from tests.waiting import wait_until


def uris(callees: list[Peer]) -> list[str]:
    return [callee.uri for callee in callees]


@pytest.mark.parametrize(
    "answer", ["486 Busy Here", "603 Decline", "500 Server Internal Error", "404 Not Found"]
)
def test_callee_who_refuses_leaves_the_others_ringing_until_one_answers(
    tmp_path: Path, peers: Make, answer: str
) -> None:
    refusing, other, winner = peers(Peer), peers(Peer), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(*uris([refusing, other, winner]))}) as task:
        caller = called(peers, task)
        invites = [rings(callee) for callee in (refusing, other, winner)]
        refusing.reply(invites[0], answer)
        refusing.expect("ACK")
        wait_until(lambda: len(task.events("ended")) == 1)
        assert (other.count("CANCEL"), winner.count("CANCEL")) == (0, 0)
        winner.answer(invites[2])
        winner.expect("ACK")
        other.expect("CANCEL")
        caller.hang_up()
        winner.expect("BYE")
        assert refusing.count("CANCEL") == 0
        task.wait_idle()


def test_caller_who_says_bye_while_it_rings_cancels_everybody_and_the_action_is_asked(
    tmp_path: Path, peers: Make
) -> None:
    callees = [peers(Peer) for _ in range(3)]
    document = dial(*map(reported, callees), attributes=ACTION)
    with task_running(tmp_path, {MAIN: document, AFTER: dial("sip:never@127.0.0.1:9")}) as task:
        caller = called(peers, task)
        for callee in callees:
            rings(callee)
        wait_until(lambda: len(task.events("provisional")) == 3)
        caller.hang_up()
        for callee in callees:
            callee.expect("CANCEL")
            assert told(task, callee)[-1] == ("completed", "canceled", "2")
        assert fetched(task)[0]["DialCallStatus"] == "canceled"
        task.wait_idle()
        assert len(task.events("invited")) == 3  # what the action returned was not run


@pytest.mark.parametrize("provisional", ["180 Ringing", "183 Session Progress"])
def test_fork_that_nobody_answers_is_cancelled_and_the_next_verb_dials(
    tmp_path: Path, peers: Make, provisional: str
) -> None:
    silent, spare = [peers(Peer) for _ in range(3)], peers(Peer)
    nouns = "".join(map(reported, silent))
    document = (
        f'<Response><Dial timeout="2">{nouns}</Dial><Say>Nobody is there</Say>'
        f"<Dial><Sip>{spare.uri}</Sip></Dial></Response>"
    )
    with task_running(tmp_path, {MAIN: document}) as task:
        caller = called(peers, task)
        for callee in silent:
            callee.reply(callee.expect("INVITE"), provisional)
        for callee in silent:
            callee.expect("CANCEL")
            assert told(task, callee)[1:] == [("ringing", "ringing", "1"), ("completed", "no-answer", "2")]
        spare.answer(rings(spare))
        spare.expect("ACK")
        assert caller.count("BYE") == 0


@pytest.mark.parametrize("ending", ["answer", "cancel"])
def test_caller_who_is_called_anew_by_his_own_reinvite_while_it_rings_loses_nobody(
    tmp_path: Path, peers: Make, ending: str
) -> None:
    callees = [peers(Peer) for _ in range(2)]
    with task_running(tmp_path, {MAIN: dial(*uris(callees))}) as task:
        caller = called(peers, task)
        invites = [rings(callee) for callee in callees]
        caller.calls_anew()
        assert [callee.count("CANCEL") for callee in callees] == [0, 0]
        if ending == "answer":
            callees[0].answer(invites[0])
            callees[0].expect("ACK")
            wait_until(lambda: task.events("bridged"))
        else:
            caller.hang_up()
            callees[0].expect("CANCEL")
        callees[1].expect("CANCEL")


def test_sound_that_cannot_be_played_does_not_keep_the_fork_from_ringing(tmp_path: Path, peers: Make) -> None:
    callees = [peers(Peer) for _ in range(2)]
    nouns = "".join(f"<Sip>{callee.uri}</Sip>" for callee in callees)
    document = f"<Response><Play>http://127.0.0.1:9/no.wav</Play><Dial>{nouns}</Dial></Response>"
    with task_running(tmp_path, {MAIN: document}) as task:
        called(peers, task)
        first, _ = [rings(callee) for callee in callees]
        callees[0].answer(first)
        callees[0].expect("ACK")
        callees[1].expect("CANCEL")


def test_caller_whose_fork_answers_late_is_not_answered_before(tmp_path: Path, peers: Make) -> None:
    callees = [peers(Peer) for _ in range(2)]
    document = dial(*uris(callees), attributes='answerOnBridge="true"')
    with task_running(tmp_path, {MAIN: document}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.expect("SIP/2.0 180")
        first, _ = [rings(callee) for callee in callees]
        assert caller.count("SIP/2.0 200") == 0
        callees[0].answer(first)
        caller.picked_up()
        callees[1].expect("CANCEL")
