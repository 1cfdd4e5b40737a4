"""Created calls and modifications through real queues to a real task, up to the SIP that comes of them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.calls.events import CallChange
from chalicelib.calls.protocol import ChangeRequest, encode
from tests.signaling.documents import MAIN
from tests.signaling.sipp import Sipp, Start
from tests.waiting import wait_until

from .deployment import Deployment, deployment, signaling
from .task import Task

FIRST, SECOND, THIRD = ("CA" + letter * 32 for letter in "abc")


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path, {MAIN: "<Response><Pause length='60'/></Response>"}) as running:
        yield running


@pytest.fixture
def ringing(sipp: Start) -> str:
    """A callee who rings, and goes on ringing until the task gives up."""
    return at(sipp("callee_rings", calls=9))


def at(peer: Sipp) -> str:
    return f"sip:bob@127.0.0.1:{peer.port}"


def claimed(task: Task) -> int:
    return len(task.events("claimed"))


def own_queue(deployed: Deployment) -> str:
    queues: list[str] = wait_until(deployed.queues)
    return queues[0]


def test_created_call_is_dialled_and_its_message_taken_off(
    deployed: Deployment, tmp_path: Path, sipp: Start
) -> None:
    callee = sipp("callee")
    with signaling(deployed, tmp_path) as task:
        deployed.create_call(FIRST, at(callee))
        wait_until(lambda: task.events("answered"))
        assert claimed(task) == 1
        wait_until(lambda: deployed.waiting() == (0, 0))


def test_full_task_leaves_calls_in_the_queue_until_one_has_ended(
    deployed: Deployment, tmp_path: Path, ringing: str
) -> None:
    with signaling(deployed, tmp_path, MAX_CALLS="1") as task:
        for call in (FIRST, SECOND, THIRD):
            deployed.create_call(call, ringing)
        wait_until(lambda: claimed(task) == 1 and deployed.waiting() == (2, 0))
        owned = task.events("claimed")
        [invited] = wait_until(lambda: task.events("invited"))
        deployed.modify(invited["call"], own_queue(deployed))
        wait_until(lambda: claimed(task) == 2 and deployed.waiting() == (1, 0))
        assert task.events("claimed")[:1] == owned


def test_message_stays_until_the_claim_is_in_the_log(
    deployed: Deployment, tmp_path: Path, ringing: str
) -> None:
    deployed.functions.up = False
    with signaling(deployed, tmp_path) as task:
        deployed.create_call(FIRST, ringing)
        wait_until(lambda: task.health()["sessions"] == 1)
        assert deployed.waiting() == (0, 1)
        deployed.functions.up = True
        wait_until(lambda: deployed.waiting() == (0, 0))
        assert claimed(task) == 1


def test_call_that_another_task_claimed_is_dropped_and_its_message_taken_off(
    deployed: Deployment, tmp_path: Path, ringing: str
) -> None:
    deployed.functions.others.add(FIRST)
    with signaling(deployed, tmp_path) as task:
        deployed.create_call(FIRST, ringing)
        deployed.create_call(SECOND, ringing)
        wait_until(lambda: deployed.waiting() == (0, 0) and task.health()["sessions"] == 1)
        wait_until(lambda: [event["call"] for event in task.events("invited")] == [SECOND])


def test_message_that_is_none_of_ours_holds_up_nothing(
    deployed: Deployment, tmp_path: Path, ringing: str
) -> None:
    with signaling(deployed, tmp_path) as task:
        for body in ("nonsense", '{"session": 5}', "[]"):
            deployed.sqs.send_message(QueueUrl=deployed.outbound_url, MessageBody=body)
        deployed.create_call(FIRST, ringing)
        wait_until(lambda: claimed(task) == 1)
        wait_until(lambda: deployed.waiting() == (0, 3))


def test_modification_hangs_up_the_call_it_names(deployed: Deployment, tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    with signaling(deployed, tmp_path) as task:
        queue = own_queue(deployed)
        deployed.create_call(FIRST, at(callee))
        wait_until(lambda: task.events("answered"))
        deployed.modify(SECOND, queue)
        deployed.modify(FIRST, queue)
        assert callee.wait() == 0
        task.wait_idle()
        assert [event["call"] for event in task.events("changed")] == [FIRST]
        assert deployed.waiting(queue) == (0, 0)
    assert callee.messages().count("BYE sip:") == 1


def test_modification_that_the_queue_gives_twice_is_made_once(
    deployed: Deployment, tmp_path: Path, sipp: Start
) -> None:
    callee = sipp("callee")
    with signaling(deployed, tmp_path) as task:
        queue = own_queue(deployed)
        deployed.create_call(FIRST, at(callee))
        wait_until(lambda: task.events("answered"))
        elsewhere = CallChange(rcml="<Response><Pause length='60'/></Response>")
        body = encode(ChangeRequest(FIRST, FIRST, elsewhere, id="once")).decode()
        for _ in range(2):
            deployed.sqs.send_message(QueueUrl=queue, MessageBody=body)
        wait_until(lambda: deployed.waiting(queue) == (0, 0))
        deployed.modify(FIRST, queue)
        assert callee.wait() == 0
        task.wait_idle()
        assert ["rcml" in event["change"] for event in task.events("changed")] == [True, False]


def test_draining_task_takes_no_created_call_and_keeps_none(
    deployed: Deployment, tmp_path: Path, sipp: Start
) -> None:
    callee = sipp("callee")
    with signaling(deployed, tmp_path) as task:
        deployed.create_call(FIRST, at(callee))
        wait_until(lambda: task.events("answered"))
        task.process.send_signal(signal.SIGTERM)
        wait_until(lambda: task.health()["draining"])
        deployed.create_call(SECOND, at(callee))
        wait_until(lambda: task.process.poll() is not None, 20)
        assert task.process.returncode == 0
        assert claimed(task) == 1
    assert deployed.waiting() == (1, 0)
