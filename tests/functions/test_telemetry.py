"""What the functions tell operators: log lines without customers' data, and metrics with their units."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from chalice.test import Client

from chalicelib.calls.commands import Callback, Fetch
from chalicelib.calls.events import Ended
from chalicelib.calls.protocol import encode
from chalicelib.steps import executor
from chalicelib.storage.log import DynamoCallLog
from tests.storage.cloud import ACCOUNT, CALLER, NOW, Cloud, cloud_running, function
from tests.storage.step_requests import bridged, fetched, incoming, leg, request
from tests.webhooks.servers import answer, application

from .printed import log_lines, metrics

CHILD = "CA" + "c" * 32
SECRET = "what the customer wrote"
NAME = {"POWERTOOLS_METRICS_NAMESPACE": "the-stack", "POWERTOOLS_SERVICE_NAME": "the-stack"}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("ALLOWED_ADDRESSES", "127.0.0.0/8")
    for name, value in NAME.items():
        monkeypatch.setenv(name, value)
    with cloud_running() as running:
        yield running


def fail(*_: object) -> None:
    raise ValueError(SECRET)


def record(callback: Callback) -> dict[str, Any]:
    """The message of ``callback``, as the queue gives it to the function a quarter of an hour later."""
    return {
        "messageId": "m-1",
        "receiptHandle": "r-1",
        "body": encode(callback).decode(),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(NOW * 1000))},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:callbacks.fifo",
    }


def told(url: str) -> Callback:
    """A status callback of a leg that CALLER's document dialled."""
    parameters = {"ParentCallSid": CALLER, "Note": SECRET}
    return Callback(f"{CHILD}-0", CHILD, ACCOUNT, url, "POST", "ringing", 0, NOW, parameters)


def test_failing_step_logs_type_and_place_and_nothing_of_the_customer(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "step", fail)
    response = cloud.step(step, request(0, incoming()))
    assert (response.session, response.failed) == (CALLER, 12400)
    out, err = capfd.readouterr()
    (line,) = map(json.loads, err.splitlines())
    assert (line["level"], line["exception_name"]) == ("ERROR", "ValueError")
    assert line["exception"].split(" > ")[-1].startswith("fail:")
    assert line["correlation_id"] == CALLER
    assert SECRET not in out + err
    assert metrics(out)["StepFailures"] == ("Count", [1])


def test_step_that_passes_by_itself_is_an_error_and_a_failure_all_the_same(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TimeoutError(SECRET)

    monkeypatch.setattr(DynamoCallLog, "append", away)
    with pytest.raises(TimeoutError):
        cloud.step(step, request(0, incoming()))
    out, err = capfd.readouterr()
    assert metrics(out)["StepFailures"] == ("Count", [1])
    assert SECRET not in out + err


def test_event_that_is_no_step_request_fails_by_its_type_alone(
    step: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    payload = step.lambda_.invoke("step", {"session": CALLER, "number": SECRET, "events": []}).payload
    assert payload["failed"] == 12400
    out, err = capfd.readouterr()
    assert json.loads(err)["exception_name"] == "ValidationError"
    assert SECRET not in out + err


def test_line_of_a_step_has_the_shape_of_every_line_and_its_session(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.step(step, request(0, incoming()))
    (line,) = log_lines(capfd)
    assert {"level", "location", "message", "timestamp", "service", "name"} <= line.keys()
    assert (line["message"], line["service"], line["correlation_id"]) == ("step", "the-stack", CALLER)
    assert (line["events"], line["commands"]) == (["incoming"], ["fetch"])


def test_what_chalicelib_logs_has_the_session_of_the_step(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.storage.listing.Listing.project", fail)
    cloud.step(step, request(0, incoming()))
    lines = {line["name"]: line for line in log_lines(capfd)}
    assert lines["chalicelib.steps.executor"]["correlation_id"] == CALLER
    assert "ValueError" in lines["chalicelib.steps.executor"]["message"]


def test_calls_are_counted_once_when_they_start_and_once_when_they_end(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    first = cloud.step(step, request(0, incoming()))
    second = cloud.step(step, request(1, fetched(first)))
    assert cloud.step(step, request(1, fetched(first))) == second
    child = leg(second)
    cloud.step(step, request(2, *bridged(child)))
    started = metrics(capfd.readouterr().out)
    assert started["CallsStarted"] == ("Count", [1, 1])
    assert started["Steps"] == ("Count", [1, 1, 1, 1])
    assert "CallsEnded" not in started
    ended = (Ended(at=NOW + 9, entropy="e9", call=each) for each in (child, CALLER))
    cloud.step(step, request(3, *ended))
    assert metrics(capfd.readouterr().out)["CallsEnded"] == ("Count", [2])


def test_latency_of_a_fetch_is_in_milliseconds_and_its_failure_is_counted(
    cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    with function("fetch") as fetch, application(answer(200, b"<Response/>"), answer(500)) as app:
        command = Fetch(CHILD, "f1", ACCOUNT, app.url("/voice"), "POST", {"ParentCallSid": CALLER})
        fetch.lambda_.invoke("fetch", msgspec.to_builtins(command))
        out, err = capfd.readouterr()
        good = metrics(out)
        fetch.lambda_.invoke("fetch", msgspec.to_builtins(command))
    unit, (latency,) = good["FetchLatency"]
    assert unit == "Milliseconds"
    assert 0.1 < latency < 20_000
    assert "FetchFailures" not in good
    assert metrics(capfd.readouterr().out)["FetchFailures"] == ("Count", [1])
    line = json.loads(err)
    assert (line["correlation_id"], line["call"], line["status"]) == (CALLER, CHILD, 200)


def test_latency_of_a_callback_is_from_the_queue_to_the_application(
    cloud: Cloud, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBACKS_DEAD_LETTERS_URL", cloud.task_url)
    monkeypatch.setattr("time.time", lambda: NOW + 900)
    with function("callbacks") as callbacks, application(answer(200), answer(410)) as app:
        event = {"Records": [record(told(app.url()))]}
        callbacks.lambda_.invoke("callbacks", event)
        out, err = capfd.readouterr()
        callbacks.lambda_.invoke("callbacks", event)
    assert metrics(out)["CallbackLatency"] == ("Milliseconds", [900_000])
    assert metrics(capfd.readouterr().out)["CallbackFailures"] == ("Count", [1])
    assert json.loads(err)["correlation_id"] == CALLER
    assert SECRET not in out + err


def test_function_without_a_namespace_publishes_nothing(
    cloud: Cloud, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE")
    with function("step") as step:
        cloud.step(step, request(0, incoming()))
    assert capfd.readouterr().out == ""
