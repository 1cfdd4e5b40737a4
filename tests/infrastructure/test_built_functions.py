"""What is uploaded runs as Lambda runs it, with nothing of the checkout, and does one real piece of its work."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from callapi.platform import Client, register
from callapi.processes import LOOPBACK
from chalicelib.calls.commands import Callback, DialLegs, Fetch
from chalicelib.calls.protocol import StepRequest, StepResponse, decode, encode
from chalicelib.calls.registration import Registration
from chalicelib.calls.session import Application
from chalicelib.registrar.contacts import Contacts
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog
from chalicelib.storage.table import Table
from tests.digest import authorization
from tests.functions.gateway import gateway_event
from tests.infrastructure.built_functions import Deployment, FunctionFailedError, Worker, deployment, worker
from tests.infrastructure.runtime_api import NoAnswerError
from tests.storage.cloud import ACCOUNT, CALLER, TOKEN
from tests.storage.step_requests import bridged, fetched, incoming, leg, request
from tests.webhooks.servers import answer, application

PASSWORD = "wonderland"
CALLS = f"/2012-04-24/Accounts/{ACCOUNT}/Calls.json"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("deployment")) as running:
        register(
            running.cloud,
            running.stack,
            ACCOUNT,
            TOKEN,
            Application(ACCOUNT, url="https://app.example.com/voice"),
            (Client("alice", PASSWORD),),
        )
        yield running


def calls_table(deployed: Deployment) -> Table:
    return Table(deployed.cloud.dynamodb(), deployed.stack["CallsTable"])


def stepped(function: Worker, wanted: StepRequest) -> StepResponse:
    return decode(json.dumps(function.invoke(msgspec.to_builtins(wanted))), StepResponse)


def test_built_step_function_dials_what_the_document_says_and_logs_both_steps(deployed: Deployment) -> None:
    with worker(deployed, "Step") as function:
        first = stepped(function, request(0, incoming()))
        assert [command.url for command in first.commands if isinstance(command, Fetch)] == [
            "https://app.example.com/voice"
        ]
        second = stepped(function, request(1, fetched(first)))
    assert [each.uri for c in second.commands if isinstance(c, DialLegs) for each in c.legs] == [
        "sip:bob@example.net"
    ]
    rows = list(DynamoCallLog(calls_table(deployed)).history(CALLER))
    assert [row.number for row in rows] == [0, 1]
    assert rows[1].commands == second.commands


def test_built_fetch_function_brings_the_applications_answer(deployed: Deployment) -> None:
    command = Fetch("CA" + "f" * 32, "f-1", ACCOUNT, "", parameters={"From": "sip:alice@example.com"})
    with application(answer(200, b"<Response/>")) as app, worker(deployed, "Fetch") as function:
        got = function.invoke(msgspec.to_builtins(msgspec.structs.replace(command, url=app.url("/voice"))))
    assert (got["id"], got["status"], got["body"]) == ("f-1", 200, "<Response/>")
    assert app.requests[0].form == {"From": "sip:alice@example.com"}
    assert app.requests[0].headers["x-callapi-signature"]


def test_built_callbacks_function_delivers_what_the_queue_holds(deployed: Deployment) -> None:
    child = "CA" + "c" * 32
    with application(answer(204)) as app, worker(deployed, "Callbacks") as function:
        callback = Callback(
            f"{child}-0", child, ACCOUNT, app.url("/status"), "POST", "ringing", 0, time.time(), {"n": "0"}
        )
        record = {
            "messageId": "m-1",
            "receiptHandle": "r-1",
            "body": encode(callback).decode(),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": str(int(time.time() * 1000)),
                "MessageGroupId": child,
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:callbacks.fifo",
        }
        assert function.invoke({"Records": [record]}) == {"batchItemFailures": []}
    assert [(each.form, each.headers["webhook-id"]) for each in app.requests] == [({"n": "0"}, f"{child}-0")]


def test_built_reaper_ends_the_call_of_a_task_that_stopped(deployed: Deployment) -> None:
    session, task = "CA" + "d" * 32, "task-2"
    called = msgspec.structs.replace(incoming(session), task=task)
    document = "<Response><Dial><Sip>sip:bob@example.net</Sip></Dial></Response>"
    with worker(deployed, "Step") as step:
        first = stepped(step, request(0, called, session=session))
        second = stepped(step, request(1, fetched(first, document), session=session))
        stepped(step, request(2, *bridged(leg(second)), session=session))
    table = calls_table(deployed)
    table.put({"pk": "tasks", "sk": task, "queue_url": "", "heartbeat": time.time() - 46})
    with worker(deployed, "Reaper") as reaper:
        assert reaper.invoke({}) == {"ended": 1, "left": 0, "forgotten": 1}
    row = Listing(table).get(session)
    assert row is not None
    assert row.status == "failed"


def test_built_api_function_creates_a_call_and_lists_it(deployed: Deployment) -> None:
    form = "From=sip%3Aalice%40example.com&To=sip%3Abob%40127.0.0.1&Url=https%3A%2F%2Fapp.example.com%2Fvoice"
    with worker(deployed, "Api") as function:
        assert (
            function.invoke(gateway_event("GET", CALLS, credentials=f"{ACCOUNT}:wrong"))["statusCode"] == 401
        )
        created = function.invoke(gateway_event("POST", CALLS, body=form))
        assert created["statusCode"] == 201, created["body"]
        listed = json.loads(function.invoke(gateway_event("GET", CALLS))["body"])
    assert json.loads(created["body"])["sid"] in [call["sid"] for call in listed["calls"]]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, 20404),
        ("GET", "/2012-04-24/Accounts", 404, 20404),
        ("PUT", CALLS, 405, 20004),
        ("DELETE", "/favicon.ico", 404, 20404),
    ],
)
def test_what_is_no_route_is_refused_by_the_function_behind_the_deployed_api(
    deployed: Deployment, method: str, path: str, status: int, code: int
) -> None:
    base = f"{deployed.cloud.endpoint}/restapis/{deployed.stack['ApiId']}/v1/_user_request_"
    headers = gateway_event(method, path)["headers"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(base + path, method=method, headers=headers))
    with refused.value as answer:
        assert (answer.status, json.loads(answer.read())["code"]) == (status, code)


def test_deployed_alarms_watch_the_deployed_queues_and_functions(deployed: Deployment) -> None:
    alarms = deployed.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = sorted(each["Value"] for alarm in alarms for each in alarm["Dimensions"])
    names = [
        deployed.stack[name] for name in ("OutboundQueueUrl", "CallbacksQueueUrl", "CallbacksDeadLettersUrl")
    ]
    queues = {url.rpartition("/")[2] for url in names}
    assert len(watched) == 5
    assert queues | {deployed.stack["StepFunction"]} < set(watched)


def test_built_register_function_binds_a_contact(deployed: Deployment) -> None:
    proof = authorization("alice", PASSWORD, LOOPBACK, "nonce", "SHA-256")
    asked = Registration(
        time.time(), f"sip:alice@{LOOPBACK}", proof, "c1", 1, "sip:127.0.0.1:5070;transport=udp", "t1",
        contacts=("<sip:alice@127.0.0.1:5070>",),
    )  # fmt: skip
    with worker(deployed, "Register") as function:
        assert function.invoke(msgspec.to_builtins(asked))["code"] == 200
    found = Contacts(calls_table(deployed)).of(ACCOUNT, ("alice",))["alice"]
    assert [contact.uri for contact in found] == ["sip:alice@127.0.0.1:5070"]


def without(deployed: Deployment, missing: str, copy: Path) -> dict[str, str]:
    """The step function's environment, ``missing`` taken out of a copy of its package and layer."""
    shutil.copytree(deployed.code("step"), copy, dirs_exist_ok=True)
    shutil.copytree(deployed.code("layer") / "python", copy, dirs_exist_ok=True)
    shutil.rmtree(copy / missing)
    return {"PYTHONPATH": f"{copy}:{deployed.folder / 'runtime'}"}


@pytest.mark.parametrize("missing", ["chalicelib", "chalicelib/calls", "msgspec", "lxml", "chalice"])
def test_package_without_one_of_its_parts_does_not_start(
    deployed: Deployment, tmp_path: Path, missing: str
) -> None:
    with (
        worker(deployed, "Step", **without(deployed, missing, tmp_path / "code")) as function,
        pytest.raises(FunctionFailedError, match=r"init error: Runtime\.ImportModuleError"),
    ):
        function.invoke(msgspec.to_builtins(request(0, incoming())))


def test_function_whose_process_dies_gives_its_last_words(deployed: Deployment) -> None:
    with (
        worker(deployed, "Step", PYTHONPATH="/nowhere") as function,
        pytest.raises(NoAnswerError, match="No module named awslambdaric"),
    ):
        function.invoke({})
