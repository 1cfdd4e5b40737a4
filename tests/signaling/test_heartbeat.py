"""The heartbeat against a table in this process, and an ECS agent and failing databases on real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from msgspec.structs import replace

from signaling.cloud import heartbeat
from signaling.cloud.heartbeat import Heartbeat
from signaling.settings import Settings
from tests.storage.cloud import Cloud
from tests.waiting import wait_until
from tests.webhooks.servers import answer, application, closed_port

SETTINGS = Settings(
    task_id="t",
    step_function="step",
    fetch_function="fetch",
    task_queue_url="https://q/t",
    calls_table="calls",
)
FOREVER = 4_000_000_000.0  # s since the epoch


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", 0.05)


class Beating:
    """A heartbeat that runs, the sessions that it sees, and whether it was declared dead."""

    def __init__(self, client: Any, settings: Settings) -> None:
        self.sessions = 0
        self.declared_dead = threading.Event()
        self.heartbeat = Heartbeat(
            client, settings, lambda: {"sessions": self.sessions}, self.declared_dead.set
        )
        self.heartbeat.start()


@contextmanager
def beating(client: Any, settings: Settings = SETTINGS) -> Iterator[Beating]:
    running = Beating(client, settings)
    try:
        yield running
    finally:
        running.heartbeat.stop()


def seen(cloud: Cloud) -> float:
    (task,) = cloud.tasks.dead(FOREVER)
    return task.heartbeat


def test_api_and_reaper_find_the_task_by_the_row_it_writes(cloud: Cloud) -> None:
    with beating(cloud.dynamodb):
        wait_until(lambda: cloud.tasks.queue_url("t"))
        assert cloud.tasks.queue_url("t") == "https://q/t"
        first = seen(cloud)
        wait_until(lambda: seen(cloud) > first)
    assert cloud.tasks.dead(first) == []


def test_task_that_was_declared_dead_is_told_and_stays_dead(cloud: Cloud) -> None:
    with beating(cloud.dynamodb) as task:
        wait_until(lambda: cloud.tasks.queue_url("t"))
        wait_until(lambda: cloud.tasks.condemn(cloud.tasks.dead(FOREVER)[0]))
        assert task.declared_dead.wait(30)
        assert not task.heartbeat.stop()
    assert seen(cloud) == 0


def test_task_that_was_forgotten_does_not_come_back(cloud: Cloud) -> None:
    with beating(cloud.dynamodb) as task:
        wait_until(lambda: cloud.tasks.queue_url("t"))
        cloud.tasks.remove(cloud.tasks.dead(FOREVER)[0])
        assert task.declared_dead.wait(30)
    assert cloud.tasks.queue_url("t") is None


def test_task_with_an_open_session_leaves_itself_to_the_reaper(cloud: Cloud) -> None:
    with beating(cloud.dynamodb) as task:
        wait_until(lambda: cloud.tasks.queue_url("t"))
        task.sessions = 1
        assert not task.heartbeat.stop()
        task.sessions = 0
        assert task.heartbeat.stop()


def test_beat_goes_on_after_the_database_failed() -> None:
    refused = answer(
        400, json.dumps({"__type": "ThrottlingException"}).encode(), "application/x-amz-json-1.0"
    )
    taken = answer(200, b"{}", "application/x-amz-json-1.0")
    with application(refused, refused, taken) as database, beating(dynamodb(database.url())) as task:
        wait_until(lambda: len(database.requests) >= 4)
        operations = [seen.headers["x-amz-target"].partition(".")[2] for seen in database.requests[:4]]
        assert not task.declared_dead.is_set()
    assert operations == ["PutItem", "PutItem", "PutItem", "UpdateItem"]


def test_unreachable_database_does_not_end_the_task(capsys: pytest.CaptureFixture[str]) -> None:
    settings = replace(SETTINGS, metrics_namespace="callapi")
    with beating(dynamodb(f"http://127.0.0.1:{closed_port()}/"), settings) as task:
        published: list[str] = []

        def twice() -> bool:
            published.extend(capsys.readouterr().out.splitlines())
            return len(published) > 1

        wait_until(twice)
        assert not task.declared_dead.is_set()


def test_calls_keep_scale_in_away_until_the_last_has_gone(cloud: Cloud) -> None:
    with application(answer(500), answer(200, b"{}")) as agent:
        with beating(cloud.dynamodb, replace(SETTINGS, ecs_agent_uri=agent.url(""))) as task:
            wait_until(lambda: cloud.tasks.queue_url("t"))
            task.sessions = 2
            wait_until(lambda: len(agent.requests) == 2)
            busy_since = seen(cloud)
            wait_until(lambda: seen(cloud) > busy_since)
            task.sessions = 0
            wait_until(lambda: len(agent.requests) == 3)
            idle_since = seen(cloud)
            wait_until(lambda: seen(cloud) > idle_since)
        asked = [(seen.method, seen.target, json.loads(seen.body)) for seen in agent.requests]
    on = ("PUT", "/task-protection/v1/state", {"ProtectionEnabled": True, "ExpiresInMinutes": 60})
    assert asked == [on, on, ("PUT", "/task-protection/v1/state", {"ProtectionEnabled": False})]


def test_calls_are_published_with_every_beat(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    with beating(cloud.dynamodb, replace(SETTINGS, metrics_namespace="callapi")) as task:
        task.sessions = 7
        lines: list[dict[str, Any]] = []

        def published() -> bool:
            lines.extend(map(json.loads, capsys.readouterr().out.splitlines()))
            return [line["ActiveCalls"] for line in lines][-2:] == [7, 7]

        wait_until(published)
    assert lines[-1]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "callapi"


def dynamodb(url: str) -> Any:
    return boto3.client(
        "dynamodb", region_name="eu-central-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
