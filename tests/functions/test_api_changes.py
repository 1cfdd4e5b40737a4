"""POST Calls/{CallSid}: a call is claimed, ended or sent to another document."""

from __future__ import annotations

import json
import threading

import pytest
from chalice.test import Client

from chalicelib.calls.commands import Invite, Perform, Say
from chalicelib.calls.events import Answered, CallChange, Claimed, Ended
from chalicelib.calls.protocol import ChangeRequest, StepRequest
from tests.storage.cloud import CALLER, NOW, Cloud
from tests.storage.step_requests import request

from .api_client import LONG_PASSWORD, PASSWORD, Api, asked, call_up, claim


def test_call_claimed_by_two_tasks_is_placed_by_one(cloud: Cloud, api: Api, step: Client) -> None:
    sid = api.create().json_body["sid"]
    assert not cloud.step(step, claim(sid, "task-1")).fenced
    late = cloud.step(step, claim(sid, "task-2"))
    assert (late.fenced, late.commands) == (True, ())


@pytest.mark.parametrize("status", ["canceled", "completed"])
def test_queued_call_is_ended_at_once_and_no_task_can_claim_it(
    cloud: Cloud, api: Api, step: Client, status: str
) -> None:
    sid = api.create(StatusCallback="https://a.example/s").json_body["sid"]
    answer = api.end(sid, status)
    assert (answer.status_code, answer.json_body["status"]) == (200, "canceled")
    assert cloud.step(step, claim(sid)).fenced
    assert [c.parameters["CallStatus"] for c in cloud.callbacks()] == ["canceled"]


def test_call_ended_while_a_task_claims_it_is_ended_by_exactly_one(
    cloud: Cloud, api: Api, step: Client
) -> None:
    cloud.heartbeat("task-1", cloud.task_url, NOW)
    for _ in range(5):
        sid = api.create().json_body["sid"]
        start = threading.Barrier(2)
        claimed: list[bool] = []

        def claiming(sid: str = sid, start: threading.Barrier = start, claimed: list[bool] = claimed) -> None:
            start.wait()
            claimed.append(not cloud.step(step, claim(sid)).fenced)

        thread = threading.Thread(target=claiming)
        thread.start()
        start.wait()
        assert api.end(sid).status_code == 200
        thread.join()
        assert asked(cloud) == ([ChangeRequest(sid, sid, CallChange("completed"))] if claimed[0] else [])


def test_running_call_is_ended_by_its_task(cloud: Cloud, api: Api, step: Client) -> None:
    child = call_up(cloud, step)
    assert api.end(child).status_code == 200
    assert asked(cloud) == [ChangeRequest(CALLER, child, CallChange("completed"))]


def test_answered_call_cannot_be_canceled(cloud: Cloud, api: Api, step: Client) -> None:
    child = call_up(cloud, step)
    answer = api.end(child, "canceled")
    assert (answer.status_code, answer.json_body["code"]) == (400, 21220)
    assert asked(cloud) == []


def test_call_of_a_task_that_is_gone_can_be_asked_for_again_later(
    cloud: Cloud, api: Api, step: Client
) -> None:
    child = call_up(cloud, step)
    cloud.dynamodb.delete_item(TableName="calls", Key={"pk": {"S": "tasks"}, "sk": {"S": "task-1"}})
    assert api.end(child).status_code == 503


@pytest.mark.parametrize("name", ["Rcml", "Twiml"])
def test_running_call_is_sent_to_a_document_by_its_task(
    cloud: Cloud, api: Api, step: Client, name: str
) -> None:
    child = call_up(cloud, step)
    rcml = "<Response><Say>Hello</Say></Response>"
    by_url = api.modify(child, Url="https://app.example.com/next", Method="get", MoveConnectedCallLeg="true")
    inline = api.modify(CALLER, **{name: rcml})
    assert (by_url.status_code, by_url.json_body["sid"]) == (200, child)
    assert inline.status_code == 200
    assert sorted(asked(cloud), key=lambda one: one.call == CALLER) == [
        ChangeRequest(
            CALLER,
            child,
            change=CallChange("", "https://app.example.com/next", "GET", with_peer=True),
        ),
        ChangeRequest(CALLER, CALLER, CallChange(rcml=rcml)),
    ]


def test_password_in_a_new_document_is_sealed_on_its_way(cloud: Cloud, api: Api, step: Client) -> None:
    call_up(cloud, step)
    rcml = f'<Response><Dial><Sip username="a" password="{PASSWORD}">sip:c@d.example</Sip></Dial></Response>'
    answer = api.modify(CALLER, Rcml=rcml)
    (modification,) = asked(cloud)
    assert 'password="sealed:' in modification.change.rcml
    assert PASSWORD not in modification.change.rcml + answer.body.decode()


def test_queued_call_runs_the_new_document_when_its_task_has_dialled_it(
    cloud: Cloud, api: Api, step: Client
) -> None:
    sid = api.create().json_body["sid"]
    rcml = "<Response><Say>Hello</Say></Response>"
    assert api.modify(sid, Rcml=rcml).status_code == 200
    assert rcml not in json.dumps([row for row in cloud.rows() if row["pk"] == {"S": sid}])
    claimed = StepRequest(sid, 2, (Claimed(at=NOW + 1, entropy="c", task="t"),), 0, "t")
    assert [
        command.leg.call for command in cloud.step(step, claimed).commands if isinstance(command, Invite)
    ] == [sid]
    answered = StepRequest(sid, 3, (Answered(at=NOW + 2, entropy="d", call=sid),), 0, "t")
    (performance,) = cloud.step(step, answered).commands
    assert isinstance(performance, Perform)
    assert performance.items == (Say("Hello"),)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 20001),
        ({"Status": "paused"}, 20001),
        ({"Status": "completed", "Url": "https://a.example/"}, 20001),
        ({"Url": "https://a.example/", "Rcml": "<Response/>"}, 20001),
        ({"Status": "completed", "MoveConnectedCallLeg": "true"}, 20001),
        ({"Url": "/relative"}, 21205),
        ({"Url": "https://a.example/", "Method": "PUT"}, 20001),
        ({"Url": "https://a.example/", "MoveConnectedCallLeg": "yes"}, 20001),
        ({"Url": "https://a.example/", "Mute": "true"}, 20001),
        ({"Rcml": "x" * 70_000}, 21262),
        ({"Rcml": "\N{GRINNING FACE}" * 60_000}, 21262),
        ({"Rcml": LONG_PASSWORD}, 21262),
    ],
)
def test_wrong_change_is_named_by_its_code_and_nothing_is_asked_of_the_task(
    cloud: Cloud, api: Api, step: Client, form: dict[str, str], code: int
) -> None:
    call_up(cloud, step)
    answer = api.modify(CALLER, **form)
    assert (answer.status_code, answer.json_body["code"]) == (400, code)
    assert asked(cloud) == []


@pytest.mark.parametrize(
    "form", [{"Url": "https://a.example/"}, {"Rcml": "<Response/>"}, {"Status": "completed"}]
)
def test_call_that_is_over_cannot_be_changed(
    cloud: Cloud, api: Api, step: Client, form: dict[str, str]
) -> None:
    child = call_up(cloud, step)
    cloud.step(step, request(3, Ended(at=NOW + 9, entropy="e9", call=child, code=200)))
    answer = api.modify(child, **form)
    assert (answer.status_code, answer.json_body["code"]) == (400, 21220)
    assert asked(cloud) == []
