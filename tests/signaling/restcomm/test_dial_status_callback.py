"""DialStatusCallbackTest: who is told of what, in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import AFTER, MAIN, dial
from tests.signaling.peer import Make, Peer
from tests.signaling.restcomm.scenario_steps import (
    ACTION,
    ALL,
    Ending,
    callbacks,
    callee_hangs_up,
    caller_hangs_up,
    fetched,
    reported,
    rings,
    told,
)
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

INITIATED, RINGING, ANSWERED = (
    ("initiated", "initiated"), ("ringing", "ringing"), ("answered", "in-progress"),
)  # fmt: skip


def numbered(*events: tuple[str, str]) -> list[tuple[str, str, str]]:
    return [(event, status, str(number)) for number, (event, status) in enumerate(events)]


@pytest.mark.parametrize("hang_up", [callee_hangs_up, caller_hangs_up])
def test_answered_leg_reports_four_events_whoever_hangs_up(
    tmp_path: Path, peers: Make, hang_up: Ending
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(reported(callee))}) as task:
        caller = called(peers, task)
        invite = rings(callee)
        callee.answer(invite)
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        hang_up(caller, callee, invite)
        assert told(task, callee) == numbered(INITIATED, RINGING, ANSWERED, ("completed", "completed"))
        task.wait_idle()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("initiated,  answered", (INITIATED, ANSWERED)),
        ("ringing,completed", (RINGING, ("completed", "completed"))),
    ],
)
def test_events_that_are_not_wished_for_leave_no_gap_in_the_numbers(
    tmp_path: Path, peers: Make, events: str, expected: tuple[tuple[str, str], ...]
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(reported(callee, events))}) as task:
        caller = called(peers, task)
        callee.answer(rings(callee))
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        task.wait_idle()
        sent = [each["parameters"] for each in task.entries("callback")]
        names = ("StatusCallbackEvent", "CallStatus", "SequenceNumber")
        assert [tuple(one[name] for name in names) for one in sent] == numbered(*expected)


def test_unavailable_callee_reports_three_events_and_no_answer(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(reported(callee))}) as task:
        called(peers, task)
        callee.reply(rings(callee), "480 Temporarily Unavailable")
        assert told(task, callee) == numbered(INITIATED, RINGING, ("completed", "no-answer"))
        last = callbacks(task, callee)[-1]["parameters"]
        assert (last["SipResponseCode"], last["CallDuration"]) == ("480", "0")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_callbacks_are_sent_by_the_method_of_the_noun(tmp_path: Path, peers: Make, method: str) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(reported(callee, ALL, method))}) as task:
        called(peers, task)
        callee.reply(rings(callee), "486 Busy Here")
        assert {each["method"] for each in callbacks(task, callee)} == {method}


@pytest.mark.parametrize("attributes", ["", 'timeout="20"'])
def test_fork_of_three_with_one_answer_reports_ten_events(
    tmp_path: Path, peers: Make, attributes: str
) -> None:
    losers, winner = [peers(Peer), peers(Peer)], peers(Peer)
    nouns = [reported(peer) for peer in (*losers, winner)]
    with task_running(tmp_path, {MAIN: dial(*nouns, attributes=attributes)}) as task:
        caller = called(peers, task)
        invites = [rings(peer) for peer in (*losers, winner)]
        wait_until(lambda: len(task.events("provisional")) == 3)
        winner.answer(invites[-1])
        for loser in losers:
            loser.expect("CANCEL")
            assert told(task, loser) == numbered(INITIATED, RINGING, ("completed", "canceled"))
        caller.hang_up()
        assert told(task, winner) == numbered(INITIATED, RINGING, ANSWERED, ("completed", "completed"))
        assert len(task.entries("callback")) == 10


@pytest.mark.parametrize("hang_up", [callee_hangs_up, caller_hangs_up])
def test_fork_that_nobody_answers_and_the_callee_of_its_action_report_thirteen_events(
    tmp_path: Path, peers: Make, hang_up: Ending
) -> None:
    silent, spare = [peers(Peer) for _ in range(3)], peers(Peer)
    fork = dial(*map(reported, silent), attributes=f'{ACTION} timeout="2"')
    with task_running(tmp_path, {MAIN: fork, AFTER: dial(reported(spare))}) as task:
        caller = called(peers, task)
        for peer in silent:
            rings(peer)
        invite = rings(spare)
        for peer in silent:
            peer.expect("CANCEL")
            assert told(task, peer) == numbered(INITIATED, RINGING, ("completed", "no-answer"))
        spare.answer(invite)
        spare.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        hang_up(caller, spare, invite)
        assert told(task, spare) == numbered(INITIATED, RINGING, ANSWERED, ("completed", "completed"))
        assert len(task.entries("callback")) == 13
        assert fetched(task)[0]["DialCallStatus"] == "no-answer"
