"""The callbacks function on a real queue's records: in order, again until it is taken, never a lost one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from chalice.test import Client

from chalicelib.calls.commands import Callback
from chalicelib.calls.protocol import encode
from tests.storage.cloud import ACCOUNT, CALLER, Cloud, cloud_running, function
from tests.webhooks.server import Seen, Server, serving


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud_running() as running:
        dead = boto3.client("sqs").create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        monkeypatch.setenv("CALLBACKS_DEAD_LETTERS_URL", dead)
        monkeypatch.setenv("ALLOWED_ADDRESSES", "127.0.0.0/8")
        running.task_url = dead
        yield running


@pytest.fixture
def handler(cloud: Cloud) -> Iterator[Client]:
    with function("callbacks") as client:
        yield client


def queued(cloud: Cloud, url: str, sequence: int = 0) -> None:
    callback = Callback(
        f"{CALLER}-{sequence}", CALLER, ACCOUNT, url, "POST", "completed", sequence, 1.0,
        {"CallSid": CALLER, "SequenceNumber": str(sequence)},
    )  # fmt: skip
    cloud.sqs.send_message(
        QueueUrl=cloud.callbacks_url, MessageBody=encode(callback).decode(), MessageGroupId=CALLER,
        MessageDeduplicationId=callback.id,
    )  # fmt: skip


def receive(cloud: Cloud) -> dict[str, Any] | None:
    """The next message as Lambda's event source mapping hands it over."""
    got = cloud.sqs.receive_message(
        QueueUrl=cloud.callbacks_url, MaxNumberOfMessages=1, MessageSystemAttributeNames=["All"]
    ).get("Messages", [])
    if not got:
        return None
    message = got[0]
    return {
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": dict(message["Attributes"]), "messageAttributes": {}, "md5OfBody": "",
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:1:callbacks.fifo", "awsRegion": "x",
    }  # fmt: skip


def run(handler: Client, record: dict[str, Any]) -> list[str]:
    """Invoke the function with one record; the ids it wants again."""
    answer = handler.lambda_.invoke("callbacks", {"Records": [record]}).payload
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def pump(cloud: Cloud, handler: Client, most: int) -> int:
    """Work the queue as Lambda does until it is empty, at most ``most`` times; how often it was invoked."""
    invoked = 0
    while invoked < most:
        record = receive(cloud)
        if record is None:
            return invoked
        invoked += 1
        if not run(handler, record):
            cloud.sqs.delete_message(QueueUrl=cloud.callbacks_url, ReceiptHandle=record["receiptHandle"])
        else:
            # The retry's delay is over.
            cloud.sqs.change_message_visibility(
                QueueUrl=cloud.callbacks_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )
    return invoked


def statuses(*codes: int) -> Any:
    """An answer that gives one status after another, the last for ever."""
    left = list(codes)

    def answer(_: Seen) -> tuple[int, dict[str, str], bytes]:
        return (left.pop(0) if len(left) > 1 else left[0], {}, b"")

    return answer


def told(server: Server) -> list[tuple[str, str]]:
    return [(seen.headers["webhook-id"], seen.form["SequenceNumber"]) for seen in server.seen]


def test_receiver_that_fails_five_times_is_told_in_order_with_the_same_id(
    cloud: Cloud, handler: Client
) -> None:
    with serving(statuses(500, 500, 500, 500, 500, 200)) as server:
        queued(cloud, server.url, 0)
        queued(cloud, server.url, 1)
        assert pump(cloud, handler, 20) == 7
    assert told(server) == [(f"{CALLER}-0", "0")] * 6 + [(f"{CALLER}-1", "1")]


def test_failed_message_stays_invisible_for_its_delay(cloud: Cloud, handler: Client) -> None:
    with serving(statuses(503)) as server:
        queued(cloud, server.url)
        record = receive(cloud)
        assert record is not None
        assert run(handler, record) == [record["messageId"]]
        assert receive(cloud) is None
        time.sleep(3)
        assert receive(cloud) is not None


def test_gone_stops_and_leaves_a_mark(cloud: Cloud, handler: Client) -> None:
    with serving(statuses(410)) as server:
        queued(cloud, server.url)
        assert pump(cloud, handler, 5) == 1
    (mark,) = [row for row in cloud.rows(f"call#{CALLER}") if row["sk"]["S"].startswith("undelivered#")]
    assert mark["status"]["N"] == "410"
    assert cloud.received(cloud.task_url) == []


def test_after_a_day_of_tries_it_is_a_dead_letter_with_a_mark(cloud: Cloud, handler: Client) -> None:
    with serving(statuses(500)) as server:
        queued(cloud, server.url)
        record = receive(cloud)
        assert record is not None
        record["attributes"]["SentTimestamp"] = str(int((time.time() - 86400) * 1000))
        assert run(handler, record) == []
    (dead,) = cloud.received(cloud.task_url)
    assert dead["Body"] == record["body"]
    assert cloud.rows(f"call#{CALLER}")


def test_receiver_at_an_inner_address_is_not_asked(
    cloud: Cloud, handler: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_ADDRESSES", "")
    with serving(statuses(200)) as server:
        queued(cloud, server.url)
        record = receive(cloud)
        assert record is not None
        assert run(handler, record) == [record["messageId"]]
        assert server.seen == []
