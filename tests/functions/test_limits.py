"""Calls per second and calls at once, counted with the rows of the log (docs/decisions/0008)."""

from __future__ import annotations

import threading
from typing import Any
from unittest.mock import patch

from chalice.test import Client

from chalicelib.calls.commands import Command, DialLegs, Invite
from chalicelib.calls.events import Claimed, Created, Ended, TaskLost
from chalicelib.calls.protocol import StepResponse
from chalicelib.calls.routing.policy import Limits, Policy
from chalicelib.calls.session import Application, Launch
from tests.storage.cloud import ACCOUNT, NOW, TOKEN, Cloud, function
from tests.storage.step_requests import bridged, fetched, incoming, request

HOOK = '<Sip statusCallback="https://app.example.com/s">'
THREE = "".join(f"{HOOK}sip:{user}@example.net</Sip>" for user in ("bob", "carol", "dave"))


def limit(cloud: Cloud, rate: int = 0, calls: int = 0) -> None:
    cloud.accounts.save_account(ACCOUNT, TOKEN, Policy(limits=Limits(rate, calls)))


def session(number: int) -> str:
    return f"CA{number:032x}"


def dials(cloud: Cloud, step: Client, number: int, nouns: str = THREE, at: float = NOW + 1) -> StepResponse:
    """A caller whose document dials ``nouns``, in session ``number``."""
    sid = session(number)
    answer = cloud.step(step, request(0, incoming(sid), session=sid))
    document = f"<Response><Dial>{nouns}</Dial></Response>"
    return cloud.step(step, request(1, fetched(answer, document, at), session=sid))


def legs(answer: StepResponse) -> list[str]:
    return [leg.call for command in answer.commands if isinstance(command, DialLegs) for leg in command.legs]


def in_use(cloud: Cloud) -> list[float]:
    return [float(item["in_use"]["N"]) for item in cloud.rows("limits#")]


def errors(cloud: Cloud) -> list[tuple[str, str]]:
    said = [callback.parameters for callback in cloud.callbacks()]
    return [(end["CallStatus"], end["ErrorCode"]) for end in said]


def test_legs_above_the_calls_at_once_fail_with_10004_and_the_first_ring(cloud: Cloud, step: Client) -> None:
    limit(cloud, calls=4)
    assert len(legs(dials(cloud, step, 1))) == 3
    [left] = legs(dials(cloud, step, 2))
    row = cloud.log.read_last(session(2))
    assert row is not None
    assert row.state.calls[left].to == "sip:bob@example.net"
    assert errors(cloud) == [("failed", "10004")] * 2
    assert [problem.code for problem in row.problems] == [10004] * 2
    assert in_use(cloud) == [4]


def test_slot_of_a_leg_that_ended_is_free_while_its_session_goes_on(cloud: Cloud, step: Client) -> None:
    limit(cloud, calls=3)
    bob, carol, dave = legs(dials(cloud, step, 1))
    losers = [Ended(at=NOW + 5, entropy=sid, call=sid, code=487) for sid in (carol, dave)]
    cloud.step(step, request(2, *bridged(bob), *losers, session=session(1)))
    assert in_use(cloud) == [1]
    assert len(legs(dials(cloud, step, 2))) == 2


def test_slots_of_a_dead_task_are_free_when_the_reaper_has_been(cloud: Cloud, step: Client) -> None:
    limit(cloud, calls=3)
    dials(cloud, step, 1)
    cloud.step(
        step, request(2, TaskLost(at=NOW + 60, entropy="r", task="task-1"), epoch=1, session=session(1))
    )
    assert in_use(cloud) == [0]


def test_repeated_request_is_counted_once_and_answered_the_same(cloud: Cloud, step: Client) -> None:
    limit(cloud, rate=3, calls=3)
    sid = session(1)
    first = cloud.step(step, request(0, incoming(sid), session=sid))
    again = request(1, fetched(first, f"<Response><Dial>{THREE}</Dial></Response>"), session=sid)
    told = cloud.step(step, again)
    with function("step") as another:
        assert cloud.step(another, again) == told
    assert in_use(cloud) == [3]


def test_repeated_request_that_was_refused_in_part_is_answered_the_same(cloud: Cloud, step: Client) -> None:
    limit(cloud, calls=2)
    sid = session(1)
    first = cloud.step(step, request(0, incoming(sid), session=sid))
    again = request(1, fetched(first, f"<Response><Dial>{THREE}</Dial></Response>"), session=sid)
    told = cloud.step(step, again)
    assert len(legs(told)) == 2
    with function("step") as another:
        assert cloud.step(another, again) == told
    assert in_use(cloud) == [2]


def test_legs_above_the_calls_of_a_second_fail_with_32001_and_the_next_second_is_new(
    cloud: Cloud, step: Client
) -> None:
    limit(cloud, rate=4)
    assert len(legs(dials(cloud, step, 1))) == 3
    assert len(legs(dials(cloud, step, 2, at=NOW + 1.9))) == 1
    assert errors(cloud) == [("failed", "32001")] * 2
    assert legs(dials(cloud, step, 3, at=NOW + 1.95)) == []
    assert len(legs(dials(cloud, step, 4, at=NOW + 2))) == 3


def test_counts_of_a_second_are_forgotten(cloud: Cloud, step: Client) -> None:
    limit(cloud, rate=4)
    dials(cloud, step, 1)
    [count] = cloud.rows("rate#")
    assert float(count["expires_at"]["N"]) > NOW


def test_call_of_the_api_above_the_limit_fails_when_it_is_claimed(cloud: Cloud, step: Client) -> None:
    limit(cloud, calls=3)
    dials(cloud, step, 1)
    sid = session(2)
    created = Created(
        at=NOW, entropy="e0", call=sid, to="sip:bob@example.net", from_="sip:us@example.com",
        application=Application(ACCOUNT, url="https://app.example.com/"), launch=Launch(),
    )  # fmt: skip
    cloud.step(step, request(0, created, session=sid))
    assert in_use(cloud) == [3]
    answer = cloud.step(step, request(1, Claimed(at=NOW + 2, task="task-1"), session=sid))
    assert not any(isinstance(command, Invite) for command in answer.commands)
    row = cloud.listing.get(sid)
    assert row is not None
    assert (row.status, row.error) == ("failed", 10004)


def test_one_slot_that_two_want_at_once_goes_to_one(cloud: Cloud, step: Client) -> None:
    limit(cloud, calls=1)
    one = "<Sip>sip:bob@example.net</Sip>"
    answers: list[StepResponse] = []
    start = threading.Barrier(2)

    def run(number: int) -> None:
        with function("step") as own:
            start.wait()
            answers.append(dials(cloud, own, number, one))

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(legs(answer)) for answer in answers) == [0, 1]
    assert in_use(cloud) == [1]


def requests_of_a_call(cloud: Cloud, step: Client, number: int) -> list[str]:
    """The operations that the steps of one dialled call ask AWS for."""
    asked: list[str] = []
    events: Any = _dynamodb().meta.events
    events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name), unique_id="count")
    answer = dials(cloud, step, number)
    commands: tuple[Command, ...] = answer.commands
    assert commands
    for step_number, leg in enumerate(legs(answer), start=2):
        over = Ended(at=NOW + 9, entropy=leg, call=leg, code=486)
        cloud.step(step, request(step_number, over, session=session(number)))
    events.unregister("before-call.dynamodb", unique_id="count")
    return asked


def _dynamodb() -> Any:
    from chalicelib.storage import aws

    return aws.dynamodb()


def test_limits_add_no_request_to_a_call_that_they_let_through(cloud: Cloud, step: Client) -> None:
    requests_of_a_call(cloud, step, 1)
    free = requests_of_a_call(cloud, step, 2)
    limit(cloud, rate=100, calls=100)
    with function("step") as fresh:
        requests_of_a_call(cloud, fresh, 3)
        limited = requests_of_a_call(cloud, fresh, 4)
    assert len(limited) == len(free)
    assert limited.count("TransactWriteItems") == 4
    assert limited.count("PutItem") + 4 == free.count("PutItem")


def test_calls_that_cannot_be_refused_are_placed_and_counted(cloud: Cloud, step: Client) -> None:
    """Where a verb dials without asking for a quota, the step is not made again for ever."""
    limit(cloud, calls=1)
    with patch("chalicelib.calls.dial.legs.admit_one_more", lambda turn: None):
        assert len(legs(dials(cloud, step, 1))) == 3
    assert in_use(cloud) == [3]
