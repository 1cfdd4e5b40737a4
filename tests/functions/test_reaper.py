"""The signaling task is gone; the reaper, the step function and a fetch function over HTTP are real."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import pytest
from chalice.test import Client

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Claimed, Created, Ended, Fetched, Provisional
from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.session import Application, Launch, StatusHook
from chalicelib.storage.listing import Listing
from tests.storage.cloud import ACCOUNT, CALLER, NOW, Cloud, cloud_running, function
from tests.storage.step_requests import bridged, fetched, incoming, leg, request

SECOND = "CA" + "b" * 32


class DiedError(BaseException):  # no Exception: nothing catches the end of a process
    """As a function that is killed in the middle of a step."""


def died(*_: object) -> None:
    raise DiedError


class FetchFunction:
    """Answers Lambda's Invoke: a document, or a failure while ``broken``."""

    def __init__(self) -> None:
        self.asked: list[Fetch] = []
        self.broken = False
        self.before_answer: Callable[[], None] = lambda: None

    def invoked(self, payload: bytes) -> tuple[int, bytes]:
        if self.broken:
            return 500, json.dumps({"Type": "ServiceException"}).encode()
        command = decode(payload, Fetch)
        self.asked.append(command)
        self.before_answer()
        body = "<Response><Say>goodbye</Say></Response>"
        answer = Fetched(
            at=time.time(), entropy="f", call=command.call, id=command.id, status=200, body=body,
            content_type="text/xml", url=command.url,
        )  # fmt: skip
        return 200, encode(answer)


@pytest.fixture
def fetch() -> Iterator[FetchFunction]:
    fetch = FetchFunction()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = fetch.invoked(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with patch.dict("os.environ", {"AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}"}):
        yield fetch
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cloud(fetch: FetchFunction) -> Iterator[Cloud]:
    with cloud_running() as running:
        yield running


@pytest.fixture
def reaper(cloud: Cloud) -> Iterator[Client]:
    with function("reaper") as client:
        yield client


def reap(reaper: Client) -> dict[str, int]:
    report: dict[str, int] = reaper.lambda_.invoke("reap", {}).payload
    return report


def call_up(cloud: Cloud, step: Client, session: str = CALLER) -> str:
    """A caller and a callee talk; the callee's CallSid.  Their task has been silent for 46 s."""
    first = cloud.step(step, request(0, incoming(session), session=session))
    answer = cloud.step(step, request(1, fetched(first), session=session))
    cloud.step(step, request(2, *bridged(leg(answer)), session=session))
    cloud.heartbeat("task-1", cloud.task_url, time.time() - 46)
    return leg(answer)


def test_killed_task_its_calls_end_failed_and_their_completed_callbacks_arrive(
    cloud: Cloud, step: Client, reaper: Client
) -> None:
    child = call_up(cloud, step)
    assert reap(reaper) == {"ended": 1, "left": 0, "forgotten": 1}
    for sid in (CALLER, child):
        row = cloud.listing.get(sid)
        assert row is not None
        assert row.status == "failed"
    completed = [callback for callback in cloud.callbacks() if callback.event == "completed"]
    assert [(c.call, c.parameters["CallStatus"]) for c in completed] == [(child, "failed")]


def test_killed_task_the_action_request_is_made_once(
    cloud: Cloud, step: Client, reaper: Client, fetch: FetchFunction
) -> None:
    call_up(cloud, step)
    reap(reaper)
    reap(reaper)
    (asked,) = fetch.asked
    assert asked.url == "https://app.example.com/done"
    assert asked.parameters["DialCallStatus"] == "failed"
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert last.state.over


def test_task_that_heartbeats_keeps_its_calls(cloud: Cloud, step: Client, reaper: Client) -> None:
    child = call_up(cloud, step)
    cloud.heartbeat("task-1", cloud.task_url, time.time() - 30)
    assert reap(reaper) == {"ended": 0, "left": 0, "forgotten": 0}
    row = cloud.listing.get(child)
    assert row is not None
    assert row.status == "in-progress"


def test_zombie_task_is_fenced_after_the_reaper(cloud: Cloud, step: Client, reaper: Client) -> None:
    child = call_up(cloud, step)
    reap(reaper)
    late = Provisional(at=time.time(), entropy="z", call=child, code=180)
    assert cloud.step(step, request(3, late)).fenced


def test_fetch_that_fails_leaves_the_session_for_the_next_run(
    cloud: Cloud, step: Client, reaper: Client, fetch: FetchFunction
) -> None:
    call_up(cloud, step)
    fetch.broken = True
    assert reap(reaper) == {"ended": 0, "left": 1, "forgotten": 0}
    assert cloud.tasks.queue_url("task-1") is not None
    fetch.broken = False
    assert reap(reaper) == {"ended": 1, "left": 0, "forgotten": 1}
    assert len(fetch.asked) == 1


def test_one_broken_session_does_not_hold_up_the_others(cloud: Cloud, step: Client, reaper: Client) -> None:
    call_up(cloud, step, CALLER)
    other = call_up(cloud, step, SECOND)
    cloud.dynamodb.put_item(
        TableName="calls", Item={"pk": {"S": CALLER}, "sk": {"S": "00000009"}, "row": {"S": "garbage"}}
    )
    assert reap(reaper) == {"ended": 1, "left": 1, "forgotten": 0}
    row = cloud.listing.get(other)
    assert row is not None
    assert row.status == "failed"


def test_effects_that_the_dead_task_never_got_sent_are_sent(
    cloud: Cloud, step: Client, reaper: Client
) -> None:
    child = call_up(cloud, step)
    cloud.sqs.purge_queue(QueueUrl=cloud.callbacks_url)
    cloud.sqs.delete_queue(QueueUrl=cloud.callbacks_url)
    cloud.make_callbacks_queue()
    reap(reaper)
    events = [callback.event for callback in cloud.callbacks() if callback.call == child]
    assert events == ["initiated", "ringing", "answered", "completed"]


def test_reaper_cut_off_in_the_middle_the_next_run_finishes(
    cloud: Cloud, step: Client, reaper: Client, fetch: FetchFunction
) -> None:
    call_up(cloud, step)

    def queue_is_gone() -> None:
        fetch.before_answer = lambda: None
        cloud.sqs.delete_queue(QueueUrl=cloud.callbacks_url)

    fetch.before_answer = queue_is_gone
    reap(reaper)
    cloud.make_callbacks_queue()
    reap(reaper)
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert last.state.over
    assert cloud.tasks.open_sessions("task-1", 10) == []
    assert cloud.tasks.queue_url("task-1") is None


def test_session_that_had_ended_only_loses_its_task(
    cloud: Cloud, step: Client, reaper: Client, fetch: FetchFunction
) -> None:
    cloud.heartbeat("task-1", cloud.task_url, NOW)
    assert reap(reaper) == {"ended": 0, "left": 0, "forgotten": 1}
    assert fetch.asked == []


def test_task_and_step_function_that_died_in_a_new_call_leave_it_to_be_found(
    cloud: Cloud, step: Client, reaper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Listing, "project", died)
        with pytest.raises(DiedError):
            cloud.step(step, request(0, incoming()))
    assert cloud.listing.get(CALLER) is None
    cloud.heartbeat("task-1", cloud.task_url, time.time() - 46)
    assert reap(reaper) == {"ended": 1, "left": 0, "forgotten": 1}
    row = cloud.listing.get(CALLER)
    assert row is not None
    assert row.status == "failed"


def test_task_and_step_function_that_died_in_a_claim_leave_the_call_to_be_found(
    cloud: Cloud, step: Client, reaper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = StatusHook("https://app.example.com/s")
    application = Application(ACCOUNT, url="https://app.example.com/voice", status_hook=hook)
    created = Created(
        at=NOW, entropy="c", call=CALLER, to="sip:bob@example.net", from_="desk", application=application,
        launch=Launch(),
    )  # fmt: skip
    cloud.step(step, request(0, created))
    claim = request(1, Claimed(at=NOW + 1, entropy="d", task="task-1"))
    with monkeypatch.context() as broken:
        broken.setattr(Listing, "project", died)
        with pytest.raises(DiedError):
            cloud.step(step, claim)
    cloud.heartbeat("task-1", cloud.task_url, time.time() - 46)
    assert reap(reaper) == {"ended": 1, "left": 0, "forgotten": 1}
    assert [callback.event for callback in cloud.callbacks()] == ["completed"]
    assert cloud.tasks.open_sessions("task-1", 10) == []


def test_session_that_is_over_but_whose_last_effects_failed_is_found_and_they_are_sent(
    cloud: Cloud, step: Client, reaper: Client
) -> None:
    child = call_up(cloud, step)
    hung_up = (Ended(at=NOW + 9, entropy="e9", call=child), Ended(at=NOW + 9, entropy="e8", call=CALLER))
    cloud.sqs.delete_queue(QueueUrl=cloud.callbacks_url)
    with pytest.raises(cloud.sqs.exceptions.QueueDoesNotExist):
        cloud.step(step, request(3, *hung_up))
    assert cloud.tasks.open_sessions("task-1", 10) == [CALLER]
    cloud.make_callbacks_queue()
    reap(reaper)
    assert "completed" in [callback.event for callback in cloud.callbacks()]
    assert cloud.tasks.open_sessions("task-1", 10) == []


def test_queue_of_a_killed_task_goes_once_its_calls_have_ended(
    cloud: Cloud, step: Client, reaper: Client, fetch: FetchFunction
) -> None:
    call_up(cloud, step)
    fetch.broken = True
    reap(reaper)
    assert cloud.task_url in cloud.queues()
    fetch.broken = False
    reap(reaper)
    assert cloud.task_url not in cloud.queues()
    assert cloud.callbacks_url in cloud.queues()


def test_queue_that_the_task_took_away_itself_is_no_obstacle(cloud: Cloud, reaper: Client) -> None:
    cloud.sqs.delete_queue(QueueUrl=cloud.task_url)
    cloud.heartbeat("task-1", cloud.task_url, NOW)
    cloud.heartbeat("task-without-queue", "", NOW)
    assert reap(reaper) == {"ended": 0, "left": 0, "forgotten": 2}
