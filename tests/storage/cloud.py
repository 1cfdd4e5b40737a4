"""An AWS account in this process, with the tables and queues of a deployment, and the functions in it."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from chalice.test import Client
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from callapi.template import load_template
from chalicelib.calls.commands import Callback
from chalicelib.calls.protocol import StepRequest, StepResponse, decode, encode
from chalicelib.calls.session import Application
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog
from chalicelib.storage.table import Table
from chalicelib.storage.tasks import Tasks
from chalicelib.storage.traces import Traces

ROOT = Path(__file__).parents[2]
ACCOUNT = "AC" + "0" * 32
TOKEN = "tok-" + "1" * 28
CALLER = "CA" + "a" * 32
NOW = 1_790_000_000.0


def deployed_resources() -> dict[str, Any]:
    """The resources of infra/template.yaml: the tests' tables are the deployment's."""
    resources: dict[str, Any] = load_template(ROOT / "infra" / "template.yaml")["Resources"]
    return resources


_dynamodb = threading.Lock()
_unguarded = BotocoreStubber.__call__


def one_at_a_time(stub: BotocoreStubber, event_name: str, request: Any, **keys: Any) -> Any:
    """The emulated tables look at a condition and write in two moments; DynamoDB does it in one."""
    with _dynamodb if ".dynamodb." in event_name else nullcontext():
        return _unguarded(stub, event_name, request, **keys)


class Cloud:
    """The deployment.  ``environment`` is what its functions see."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb")
        self.sqs = boto3.client("sqs")
        self._make_tables()
        self.callbacks_url = self.make_callbacks_queue()
        self.outbound_url = self.sqs.create_queue(QueueName="outbound")["QueueUrl"]
        self.task_url = self.sqs.create_queue(QueueName="task-1")["QueueUrl"]
        self.environment = {
            "CALLS_TABLE": "calls",
            "ACCOUNTS_TABLE": "accounts",
            "CALLBACKS_QUEUE_URL": self.callbacks_url,
            "OUTBOUND_QUEUE_URL": self.outbound_url,
            "FETCH_FUNCTION": "fetch",
            "RECORDINGS_BUCKET": "recordings",
            "SEAL_KEY_ID": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
        }
        self.table = Table(self.dynamodb, "calls")
        self.log = DynamoCallLog(self.table)
        self.traces = Traces(self.table)
        self.listing = Listing(self.table)
        self.tasks = Tasks(self.table)
        self.accounts = Accounts(Table(self.dynamodb, "accounts"))
        self.accounts.save_account(ACCOUNT, TOKEN)
        self.accounts.save_application("*", Application(ACCOUNT, url="https://app.example.com/voice"))

    def _make_tables(self) -> None:
        resources = deployed_resources()
        for name, resource in (("calls", "CallsTable"), ("accounts", "AccountsTable")):
            properties = resources[resource]["Properties"]
            kept = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
            schema = {key: properties[key] for key in kept if key in properties}
            self.dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **schema)

    def make_callbacks_queue(self) -> str:
        queue = self.sqs.create_queue(QueueName="callbacks.fifo", Attributes={"FifoQueue": "true"})
        return queue["QueueUrl"]

    def heartbeat(self, task: str, queue_url: str, at: float) -> None:
        """The row of a task as it writes it itself (tests/signaling/test_heartbeat.py)."""
        self.table.put({"pk": "tasks", "sk": task, "queue_url": queue_url, "heartbeat": at})

    def queues(self) -> list[str]:
        return self.sqs.list_queues().get("QueueUrls", [])

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        """Everything that lies in the queue, taken out of it."""
        messages: list[dict[str, Any]] = []
        while True:
            got = self.sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
            ).get("Messages", [])
            if not got:
                return messages
            for message in got:
                self.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                messages.append(dict(message))

    def callbacks(self) -> list[Callback]:
        return [decode(message["Body"], Callback) for message in self.received(self.callbacks_url)]

    def rows(self, prefix: str = "") -> list[dict[str, Any]]:
        """The items whose partition begins with ``prefix``, what is compressed in them as text."""
        items = self.dynamodb.scan(TableName="calls")["Items"]
        return [unpacked(item) for item in items if item["pk"]["S"].startswith(prefix)]

    def step(self, function: Client, request: StepRequest) -> StepResponse:
        """Invoke the step function as a task does: JSON in, JSON out."""
        answer = function.lambda_.invoke("step", json.loads(encode(request)))
        return decode(json.dumps(answer.payload), StepResponse)


def unpacked(item: Any) -> dict[str, Any]:
    """``item`` of DynamoDB, with text in place of compressed text."""
    clear = {
        name: {"S": zlib.decompress(value["B"]).decode()} for name, value in item.items() if "B" in value
    }
    return {**item, **clear}


@contextmanager
def cloud_running() -> Iterator[Cloud]:
    region = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    guarded = patch.object(BotocoreStubber, "__call__", one_at_a_time)
    with mock_aws(), guarded, patch.dict(os.environ, region):
        for client in (aws.dynamodb, aws.sqs, aws.functions, aws.kms):
            client.cache_clear()
        cloud = Cloud()
        with patch.dict(os.environ, cloud.environment):
            yield cloud


def loaded(name: str) -> Any:
    """The Chalice object of functions/<name>, freshly loaded as after a cold start."""
    spec = importlib.util.spec_from_file_location(
        f"functions_{name}_app", ROOT / "functions" / name / "app.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


@contextmanager
def function(name: str) -> Iterator[Client]:
    """functions/<name> behind Chalice's test client."""
    with Client(loaded(name), project_dir=str(ROOT)) as client:
        yield client
