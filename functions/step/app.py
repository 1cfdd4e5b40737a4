"""The step function: one StepRequest in, one StepResponse out; or SIP messages for the log, as a TraceRequest."""

from __future__ import annotations

import json
import os
import sys
import traceback
from functools import cache
from typing import Any

import msgspec
from chalice import Chalice

from chalicelib.calls.protocol import StepRequest, StepResponse, TraceRequest
from chalicelib.catalogue import Code
from chalicelib.registrar.contacts import Contacts
from chalicelib.steps.executor import Steps
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.failures import is_permanent
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog
from chalicelib.storage.queues import Outbound
from chalicelib.storage.table import Table
from chalicelib.storage.traces import Traces

app = Chalice(app_name="step")


@app.lambda_function(name="step")
def step(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Invoked synchronously by the owner of a session, or of several for their SIP messages.

    An error means: ask again, unchanged.  What would fail again is an answer: ``failed``.
    """
    answer: dict[str, Any]
    if "traces" in event:
        answer = msgspec.to_builtins(_steps().trace(msgspec.convert(event, TraceRequest)))
        return answer
    try:
        request = msgspec.convert(event, StepRequest)
        response = _steps().handle(request)
        _tell(request, response)
    except Exception as error:
        if not is_permanent(error):
            raise
        _tell_failure(event, error)
        response = StepResponse(str(event.get("session")), 0, failed=Code.INTERNAL_FAILURE)
    answer = msgspec.to_builtins(response)
    return answer


@cache
def _steps() -> Steps:
    calls = Table(aws.dynamodb(), os.environ["CALLS_TABLE"])
    return Steps(
        DynamoCallLog(calls),
        Traces(calls),
        Accounts(Table(aws.dynamodb(), os.environ["ACCOUNTS_TABLE"])),
        Listing(calls),
        Outbound(aws.sqs, os.environ.get("OUTBOUND_QUEUE_URL", ""), os.environ["CALLBACKS_QUEUE_URL"]),
        Contacts(calls),
    )


def _tell_failure(event: dict[str, Any], error: Exception) -> None:
    """Where it happened, without its message, which may quote what no log may show."""
    where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][-5:]
    line = {"session": event.get("session"), "number": event.get("number"), "error": type(error).__name__}
    print(json.dumps(line | {"where": where}), file=sys.stderr, flush=True)


def _tell(request: StepRequest, response: StepResponse) -> None:
    """One line per step: kinds only, for events and commands can carry what no log may show."""
    line = {
        "session": request.session,
        "number": request.number,
        "epoch": request.epoch,
        "events": [_kind(event) for event in request.events],
        "commands": [_kind(command) for command in response.commands],
        "fenced": response.fenced,
        "over": response.over,
    }
    print(json.dumps(line), file=sys.stderr, flush=True)


def _kind(value: msgspec.Struct) -> str:
    return str(value.__struct_config__.tag)
