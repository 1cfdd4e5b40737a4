from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.calls.commands import Callback
from chalicelib.calls.protocol import encode
from tests.storage.cloud import ACCOUNT, TOKEN, Cloud, cloud_running, function
from tests.webhooks.servers import Application, answer, application

CHILD = "CA" + "c" * 32
DAY = 86400


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("ALLOWED_ADDRESSES", "127.0.0.0/8")
    with cloud_running() as running:
        dead = running.sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})
        monkeypatch.setenv("CALLBACKS_DEAD_LETTERS_URL", dead["QueueUrl"])
        running.environment["CALLBACKS_DEAD_LETTERS_URL"] = dead["QueueUrl"]
        yield running


@pytest.fixture
def callbacks(cloud: Cloud) -> Iterator[Client]:
    with function("callbacks") as client:
        yield client


def queued(cloud: Cloud, app: Application, sequence: int = 0) -> None:
    callback = Callback(
        f"{CHILD}-{sequence}", CHILD, ACCOUNT, app.url("/status"), "POST", "ringing", sequence, time.time(),
        {"SequenceNumber": str(sequence)},
    )  # fmt: skip
    cloud.sqs.send_message(
        QueueUrl=cloud.callbacks_url,
        MessageBody=encode(callback).decode(),
        MessageGroupId=CHILD,
        MessageDeduplicationId=callback.id,
    )


def received(cloud: Cloud) -> list[Any]:
    return cloud.sqs.receive_message(
        QueueUrl=cloud.callbacks_url, MaxNumberOfMessages=1, MessageSystemAttributeNames=["All"]
    ).get("Messages", [])


def run(cloud: Cloud, callbacks: Client, age: float = 0) -> list[str]:
    """Do once what the queue's trigger does; the ids of the messages that stay in the queue."""
    (message,) = received(cloud)
    attributes = dict(message["Attributes"])
    attributes["SentTimestamp"] = str(int((time.time() - age) * 1000))
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:callbacks.fifo",
    }
    answered = callbacks.lambda_.invoke("callbacks", {"Records": [record]}).payload
    failed = [failure["itemIdentifier"] for failure in answered["batchItemFailures"]]
    if message["MessageId"] not in failed:
        cloud.sqs.delete_message(QueueUrl=cloud.callbacks_url, ReceiptHandle=message["ReceiptHandle"])
    return failed


def test_delivered_callback_leaves_the_queue(cloud: Cloud, callbacks: Client) -> None:
    with application(answer(204)) as app:
        queued(cloud, app)
        assert run(cloud, callbacks) == []
    assert app.requests[0].form == {"SequenceNumber": "0"}
    assert app.requests[0].headers["webhook-id"] == f"{CHILD}-0"
    assert cloud.rows() == []


def test_failed_callback_comes_back_after_its_delay_and_before_the_next_of_its_call(
    cloud: Cloud, callbacks: Client
) -> None:
    with application(answer(500), answer(200)) as app:
        queued(cloud, app, 0)
        queued(cloud, app, 1)
        assert len(run(cloud, callbacks)) == 1
        assert received(cloud) == []
        time.sleep(3.2)
        assert run(cloud, callbacks) == []
        assert run(cloud, callbacks) == []
    assert [request.form["SequenceNumber"] for request in app.requests] == ["0", "0", "1"]


def test_410_is_marked_in_the_log_and_no_dead_letter(cloud: Cloud, callbacks: Client) -> None:
    with application(answer(410)) as app:
        queued(cloud, app)
        assert run(cloud, callbacks) == []
    (row,) = cloud.rows(f"call#{CHILD}")
    assert (row["sk"]["S"], row["status"]["N"]) == ("undelivered#0000", "410")
    assert cloud.received(cloud.environment["CALLBACKS_DEAD_LETTERS_URL"]) == []


def test_after_a_day_it_is_marked_and_becomes_a_dead_letter(cloud: Cloud, callbacks: Client) -> None:
    with application(answer(503)) as app:
        queued(cloud, app)
        assert run(cloud, callbacks, age=DAY) == []
    assert [row["sk"]["S"] for row in cloud.rows(f"call#{CHILD}")] == ["undelivered#0000"]
    (letter,) = cloud.received(cloud.environment["CALLBACKS_DEAD_LETTERS_URL"])
    assert letter["Attributes"]["MessageGroupId"] == CHILD
    assert f"{CHILD}-0" in letter["Body"]


def test_log_line_shows_neither_url_nor_parameters_nor_token(
    cloud: Cloud, callbacks: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with application(answer(200)) as app:
        queued(cloud, app)
        run(cloud, callbacks)
    output = capsys.readouterr()
    assert f"{CHILD}-0" in output.err
    for secret in ("/status", "SequenceNumber", TOKEN):
        assert secret not in output.out + output.err
