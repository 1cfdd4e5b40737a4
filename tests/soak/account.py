"""An account in the emulator with the functions of the platform: what they write is weighed on its way."""

from __future__ import annotations

import queue
import secrets
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callapi.emulator import Cloud
from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import StepRequest, StepResponse, TraceRequest, TraceResponse
from chalicelib.calls.session import Application
from chalicelib.registrar.contacts import Contacts
from chalicelib.steps.executor import Steps
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.failures import is_permanent
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog
from chalicelib.storage.queues import Outbound
from chalicelib.storage.table import Table
from chalicelib.storage.traces import Traces
from chalicelib.webhooks.fetch import Fetcher
from chalicelib.webhooks.guard import AddressGuard
from tests.functions.simulated_task import ITEM, items_in, size_of
from tests.signaling.deployment import Deployment, deployed_with, emulated
from tests.storage.cloud import deployed_resources

ACCOUNT, TOKEN = "AC" + "5" * 32, "token"
AT_ONCE = 8
"""Instances of the functions; boto3 has ten connections."""
INTERNAL_FAILURE = 12400


class Weights:
    """The bytes of each item that was written to the calls table, by partition, and what was too large."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.too_large: list[str] = []

    def take(self, params: dict[str, Any], **_: Any) -> None:
        """Before a request to DynamoDB goes out."""
        for item in items_in(params):
            size = size_of(item)
            with self._lock:
                self._sizes[item["pk"]["S"]][item["sk"]["S"]] = size
                if size > ITEM:
                    self.too_large.append(f"an item of {size} bytes")

    def of(self, partition: str) -> list[int]:
        with self._lock:
            return list(self._sizes.get(partition, {}).values())


@dataclass(frozen=True)
class _Instance:
    steps: Steps
    fetcher: Fetcher


class RealFunctions:
    """The step and the fetch function over the tables.  ``failures``: what they raised."""

    def __init__(self, cloud: Cloud) -> None:
        dynamodb, sqs = cloud.dynamodb(), cloud.sqs()
        self.weights = Weights()
        dynamodb.meta.events.register("provide-client-params.dynamodb", self.weights.take)
        self.failures: list[str] = []
        self._idle: queue.Queue[_Instance] = queue.Queue()
        callbacks = sqs.create_queue(QueueName="callbacks.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        calls, accounts = Table(dynamodb, "calls"), Table(dynamodb, "accounts")
        for _ in range(AT_ONCE):
            known = Accounts(accounts)
            steps = Steps(
                DynamoCallLog(calls), Traces(calls), known, Listing(calls), Outbound(lambda: sqs, "", callbacks),
                Contacts(calls),
            )  # fmt: skip
            guard = AddressGuard("127.0.0.0/8")
            fetcher = Fetcher(guard, known.token, str, time.time, lambda: secrets.token_hex(16))
            self._idle.put(_Instance(steps, fetcher))

    def post(self, request: StepRequest) -> StepResponse:
        """As functions/step/app.py: an error that would come again is an answer."""
        try:
            with self._instance() as instance:
                return instance.steps.handle(request)
        except Exception as error:
            self.failures.append(traceback.format_exc())
            if not is_permanent(error):
                raise
            return StepResponse(request.session, 0, failed=INTERNAL_FAILURE)

    def trace(self, request: TraceRequest) -> TraceResponse:
        with self._instance() as instance:
            return instance.steps.trace(request)

    def fetch(self, command: Fetch) -> Fetched:
        with self._instance() as instance:
            return instance.fetcher.fetch(command)

    @contextmanager
    def _instance(self) -> Iterator[_Instance]:
        instance = self._idle.get()
        try:
            yield instance
        finally:
            self._idle.put(instance)


@contextmanager
def account_running(folder: Path, application: Application) -> Iterator[tuple[Deployment, RealFunctions]]:
    """``application`` is that of every domain."""
    with emulated(folder) as cloud:
        _make_accounts(cloud, application)
        functions = RealFunctions(cloud)
        with deployed_with(cloud, functions) as deployed:
            yield deployed, functions


def _make_accounts(cloud: Cloud, application: Application) -> None:
    properties = deployed_resources()["AccountsTable"]["Properties"]
    kept = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    schema = {key: properties[key] for key in kept if key in properties}
    cloud.dynamodb().create_table(TableName="accounts", BillingMode="PAY_PER_REQUEST", **schema)
    accounts = Accounts(Table(cloud.dynamodb(), "accounts"))
    accounts.save_account(ACCOUNT, TOKEN)
    accounts.save_application("*", application)
