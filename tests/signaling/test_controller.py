"""The task's side of the conversation, against servers that speak Lambda's Invoke as badly as a test asks."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import boto3
import pytest

from chalicelib.calls.commands import Fetch, Ring
from chalicelib.calls.events import Ended, Fetched
from chalicelib.calls.protocol import StepRequest, StepResponse, decode, encode
from signaling import controller
from signaling.controller import ClosedError, LambdaController, invoker
from tests.webhooks.servers import Answer, Application, answer, application, closed_port, raw, silent

from .theatre import wait_until

CALL = "CA" + "1" * 32
REQUEST = StepRequest(CALL, 3, (Ended(at=1.5, entropy="e", call=CALL, code=486),), epoch=1, task="t")
RESPONSE = StepResponse(CALL, 3, (Ring(CALL),))
FETCH = Fetch(CALL, "f1", "AC1", "https://app.example.com/voice", parameters={"From": "sip:a@b"})
JSON = "application/json"
CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
FAILURES: dict[str, Answer] = {
    "throttled": answer(429, b'{"Reason":"ConcurrentInvocationLimitExceeded"}', JSON),
    "internal": answer(500, b'{"Type":"ServiceException"}', JSON),
    "no body": answer(502),
    "raised": answer(200, b'{"errorType":"KeyError"}', JSON, X_Amz_Function_Error="Unhandled"),
    "timed out": answer(200, b'{"errorMessage":"timed out"}', JSON, X_Amz_Function_Error="Unhandled"),
    "raised, with what looks like an answer": answer(
        200, encode(RESPONSE), JSON, X_Amz_Function_Error="Handled"
    ),
    "hung up": raw(b""),
    "cut off": raw(CUT_OFF),
    "another's answer": answer(200, b'{"hello": 1}', JSON),
}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    # Chalice's test client puts a copy in the place of os.environ; a session made in there never sees ours.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "local")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "FIRST_WAIT", 0.02)


def connected(monkeypatch: pytest.MonkeyPatch, url: str, seconds: float = 5) -> LambdaController:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
    return LambdaController(invoker(seconds, 4), invoker(seconds, 4), "step-fn", "fetch-fn")


def answered(response: StepResponse = RESPONSE) -> Answer:
    return answer(200, encode(response), JSON)


def test_step_is_asked_of_the_step_function_and_its_answer_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with application(answered()) as functions:
        assert connected(monkeypatch, functions.url("")).post(REQUEST) == RESPONSE
    (asked,) = functions.requests
    assert (asked.method, asked.target) == ("POST", "/2015-03-31/functions/step-fn/invocations")
    assert decode(asked.body, StepRequest) == REQUEST


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.usefixtures("quick")
def test_step_that_failed_is_asked_again_byte_for_byte(monkeypatch: pytest.MonkeyPatch, failure: str) -> None:
    with application(FAILURES[failure], FAILURES[failure], answered()) as functions:
        assert connected(monkeypatch, functions.url("")).post(REQUEST) == RESPONSE
    assert [asked.body for asked in functions.requests] == [encode(REQUEST).decode()] * 3


@pytest.mark.usefixtures("quick")
def test_step_that_hangs_is_given_up_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with application(silent, answered()) as functions:
        assert connected(monkeypatch, functions.url(""), seconds=0.3).post(REQUEST) == RESPONSE
    assert [asked.body for asked in functions.requests] == [encode(REQUEST).decode()] * 2


def test_steps_wait_longer_and_longer_but_never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "LONGEST_WAIT", 0.2)
    moments: list[float] = []

    def refuse(*_: object) -> None:
        moments.append(time.monotonic())

    with application(*[refuse] * 7, answered()) as functions:
        connected(monkeypatch, functions.url("")).post(REQUEST)
    waits = [later - sooner for sooner, later in itertools.pairwise(moments)]
    assert waits[0] >= 0.05
    assert max(waits) < 2
    assert all(wait >= 0.1 for wait in waits[1:])


def test_fenced_answer_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    fenced = StepResponse(CALL, 3, fenced=True)
    with application(answered(fenced)) as functions:
        assert connected(monkeypatch, functions.url("")).post(REQUEST) == fenced
    assert len(functions.requests) == 1


@pytest.mark.usefixtures("quick")
def test_task_that_ends_stops_asking(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lambdas = connected(monkeypatch, f"http://127.0.0.1:{closed_port()}")
    failed: list[Exception] = []

    def post() -> None:
        try:
            lambdas.post(REQUEST)
        except ClosedError as error:
            failed.append(error)

    thread = threading.Thread(target=post)
    thread.start()
    wait_until(lambda: len(caplog.records) >= 2)
    assert thread.is_alive()
    lambdas.close()
    thread.join(5)
    assert len(failed) == 1


@pytest.fixture
def fetched() -> Iterator[tuple[Fetched, Application]]:
    event = Fetched(at=1.0, call=CALL, id="f1", status=200, content_type="text/xml", body="<Response/>")
    with application(answer(200, encode(event), JSON)) as functions:
        yield event, functions


def test_fetch_is_asked_of_the_fetch_function(
    monkeypatch: pytest.MonkeyPatch, fetched: tuple[Fetched, Application]
) -> None:
    event, functions = fetched
    assert connected(monkeypatch, functions.url("")).fetch(FETCH) == event
    (asked,) = functions.requests
    assert asked.target == "/2015-03-31/functions/fetch-fn/invocations"
    assert decode(asked.body, Fetch) == FETCH


@pytest.mark.parametrize("failure", FAILURES)
def test_fetch_that_fails_twice_is_a_failed_fetch_and_not_asked_a_third_time(
    monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    with application(FAILURES[failure]) as functions:
        event = connected(monkeypatch, functions.url("")).fetch(FETCH)
    assert (event.call, event.id, event.error, event.body) == (CALL, "f1", 11200, "")
    assert len(functions.requests) == 2


def test_what_is_logged_of_a_failure_names_the_step_and_not_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with application(FAILURES["raised"]) as functions:
        connected(monkeypatch, functions.url("")).fetch(FETCH)
    assert "f1" in caplog.text
    assert "app.example.com" not in caplog.text
    assert "sip:a@b" not in caplog.text
