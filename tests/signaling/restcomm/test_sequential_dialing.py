"""SequentialDialingTest: each action URL dials the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial
from tests.signaling.peer import Make, Message, Peer
from tests.signaling.restcomm.scenario_steps import fetched, rings
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

STEPS = [f"http://app.example/step{number}" for number in (1, 2, 3)]


def busy(callee: Peer, invite: Message) -> None:
    callee.reply(invite, "486 Busy Here")


def silent(callee: Peer, _: Message) -> None:
    callee.expect("CANCEL")


def gone(callee: Peer, invite: Message) -> None:
    callee.answer(invite)
    callee.expect("ACK")
    callee.request("BYE", invite)


@pytest.mark.parametrize(
    ("first", "second", "statuses"),
    [
        (busy, busy, ["busy", "busy"]),
        (silent, busy, ["no-answer", "busy"]),
        (busy, silent, ["busy", "no-answer"]),
        (silent, silent, ["no-answer", "no-answer"]),
        (gone, busy, ["completed", "busy"]),
    ],
)
def test_action_dials_the_next_and_his_action_the_one_after_him(
    tmp_path: Path, peers: Make, first: object, second: object, statuses: list[str]
) -> None:
    callees = [peers(Peer) for _ in range(3)]
    documents = {
        url: dial(callee.uri, attributes=f'action="{after}" timeout="2"')
        for url, callee, after in zip((MAIN, *STEPS), callees, STEPS, strict=False)
    }
    with task_running(tmp_path, documents) as task:
        caller = called(peers, task)
        for callee, behave, url, status in zip(callees, (first, second), STEPS, statuses, strict=False):
            assert callable(behave)
            behave(callee, rings(callee))
            assert fetched(task, url)[0]["DialCallStatus"] == status
        last = callees[-1]
        last.answer(rings(last))
        last.expect("ACK")
        wait_until(lambda: len(task.events("bridged")) == statuses.count("completed") + 1)
        caller.hang_up()
        last.expect("BYE")
        assert fetched(task, STEPS[2])[0]["DialCallStatus"] == "completed"
        assert [callee.count("INVITE") for callee in callees] == [1, 1, 1]


def test_one_who_answers_first_is_the_only_one_who_rings(tmp_path: Path, peers: Make) -> None:
    callees = [peers(Peer) for _ in range(2)]
    documents = {
        MAIN: dial(callees[0].uri, attributes=f'action="{STEPS[0]}"'),
        STEPS[0]: dial(callees[1].uri),
    }
    with task_running(tmp_path, documents) as task:
        caller = called(peers, task)
        callees[0].answer(rings(callees[0]))
        callees[0].expect("ACK")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        assert fetched(task, STEPS[0])[0]["DialCallStatus"] == "completed"
        task.wait_idle()
        assert callees[1].count("INVITE") == 0
