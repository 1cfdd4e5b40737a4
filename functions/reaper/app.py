"""The reaper: every minute it ends the calls of tasks that stopped."""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from dataclasses import asdict
from functools import cache
from typing import Any

from chalice import Chalice

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import decode, encode
from chalicelib.registrar.contacts import Contacts
from chalicelib.steps.executor import Steps
from chalicelib.steps.reaper import Reaper, ReapingError
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog
from chalicelib.storage.queues import Outbound
from chalicelib.storage.table import Table
from chalicelib.storage.tasks import Tasks
from chalicelib.storage.traces import Traces

# Below the minute between two runs and the function's own limit.
RUN_SECONDS = 40.0

app = Chalice(app_name="reaper")
logging.getLogger("chalicelib").setLevel(logging.INFO)
_log = logging.getLogger("chalicelib.reaper")


@app.lambda_function(name="reap")
def reap(event: dict[str, Any], context: object) -> dict[str, int]:
    """Run by a schedule; answers how many sessions ended, how many are left, how many tasks are forgotten."""
    report = asdict(_reaper().run(RUN_SECONDS))
    _log.info(json.dumps(report))
    return report


@cache
def _reaper() -> Reaper:
    calls = Table(aws.dynamodb(), os.environ["CALLS_TABLE"])
    log = DynamoCallLog(calls)
    outbound = Outbound(aws.sqs, os.environ.get("OUTBOUND_QUEUE_URL", ""), os.environ["CALLBACKS_QUEUE_URL"])
    accounts = Accounts(Table(aws.dynamodb(), os.environ["ACCOUNTS_TABLE"]))
    steps = Steps(log, Traces(calls), accounts, Listing(calls), outbound, Contacts(calls))
    return Reaper(log, steps, Tasks(calls), _fetch, outbound.remove, time.time, lambda: secrets.token_hex(16))


def _fetch(command: Fetch) -> Fetched:
    answer = aws.functions().invoke(FunctionName=os.environ["FETCH_FUNCTION"], Payload=encode(command))
    if answer.get("FunctionError"):
        raise ReapingError(f"the fetch function failed: {answer['FunctionError']}")
    return decode(answer["Payload"].read(), Fetched)
