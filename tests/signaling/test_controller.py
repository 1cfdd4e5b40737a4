"""The task's side of the conversation, against servers that speak Lambda's Invoke as badly as a test asks."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from chalicelib.calls.commands import Fetch, Ring
from chalicelib.calls.events import Ended, Fetched
from chalicelib.calls.protocol import StepRequest, StepResponse, decode, encode
from signaling.cloud.functions import ImpossibleError, LambdaController, NotAnsweredError, invoker
from tests.webhooks.servers import Answer, Application, answer, application, closed_port, raw, silent

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
    "timed out": answer(
        200,
        b'{"errorMessage":"1234 Task timed out after 15.00 s"}',
        JSON,
        X_Amz_Function_Error="Unhandled",
    ),
    "killed": answer(200, b'{"errorType":"Runtime.ExitError"}', JSON, X_Amz_Function_Error="Unhandled"),
    "out of memory": answer(
        200, b'{"errorType":"Runtime.OutOfMemory"}', JSON, X_Amz_Function_Error="Unhandled"
    ),
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
def test_step_without_an_answer_is_to_be_asked_again(monkeypatch: pytest.MonkeyPatch, failure: str) -> None:
    with application(FAILURES[failure]) as functions, pytest.raises(NotAnsweredError) as raised:
        connected(monkeypatch, functions.url("")).post(REQUEST)
    assert len(functions.requests) == 1
    assert raised.value.crashed == (failure in ("timed out", "killed", "out of memory"))


def test_step_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with application(silent) as functions, pytest.raises(NotAnsweredError):
        connected(monkeypatch, functions.url(""), seconds=0.3).post(REQUEST)


def test_step_that_nobody_listens_for_is_to_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAnsweredError):
        connected(monkeypatch, f"http://127.0.0.1:{closed_port()}").post(REQUEST)


@pytest.mark.parametrize(
    ("status", "code"), [(413, "RequestTooLargeException"), (400, "InvalidRequestContentException")]
)
def test_step_that_lambda_does_not_take_is_impossible(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    refusal = answer(status, b"{}", JSON, X_Amzn_ErrorType=code)
    with application(refusal) as functions, pytest.raises(ImpossibleError):
        connected(monkeypatch, functions.url("")).post(REQUEST)
    assert len(functions.requests) == 1


def test_fenced_answer_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    fenced = StepResponse(CALL, 3, fenced=True)
    with application(answered(fenced)) as functions:
        assert connected(monkeypatch, functions.url("")).post(REQUEST) == fenced
    assert len(functions.requests) == 1


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
