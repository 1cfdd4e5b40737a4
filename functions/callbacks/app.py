"""The callbacks function: delivers what the queue holds, one message at a time, in order for each call."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice import Chalice

from chalicelib.calls.commands import Callback
from chalicelib.calls.protocol import decode
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.listing import Listing
from chalicelib.storage.table import Table
from chalicelib.webhooks.deliver import Attempt, Delivered, Deliverer, Dropped, Outcome, Retry
from chalicelib.webhooks.guard import AddressGuard

app = Chalice(app_name="callbacks")
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class NotDeliveredError(Exception):
    """The message stays in the queue, invisible until its next try."""


@app.lambda_function(name="callbacks")
def callbacks(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run by the queue; names the messages that are to be tried again (ReportBatchItemFailures)."""
    try:
        answer = process_partial_response(
            event=event, record_handler=_deliver, processor=_processor, context=context
        )
    except BatchProcessingError:
        answer = _processor.response()
    result: dict[str, Any] = dict(answer)
    return result


def _deliver(record: SQSRecord) -> None:
    callback = decode(record.body, Callback)
    attempt = Attempt(
        number=int(record.attributes.approximate_receive_count),
        queued_at=int(record.attributes.sent_timestamp) / 1000,
        at=time.time(),
        jitter=random.random(),  # spreads retries, guards nothing
    )
    outcome = _deliverer().deliver(callback, attempt)
    _tell(callback, attempt, outcome)
    if isinstance(outcome, Retry):
        aws.sqs().change_message_visibility(
            QueueUrl=os.environ["CALLBACKS_QUEUE_URL"],
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=max(1, round(outcome.seconds)),
        )
        raise NotDeliveredError(callback.id)
    if isinstance(outcome, Dropped):
        _give_up(record, callback, outcome)


def _give_up(record: SQSRecord, callback: Callback, outcome: Dropped) -> None:
    """Mark in the log what was never delivered; keep what a day of tries could not deliver as a dead letter."""
    _listing().undelivered(callback, outcome.status, outcome.error)
    if outcome.dead:
        aws.sqs().send_message(
            QueueUrl=os.environ["CALLBACKS_DEAD_LETTERS_URL"],
            MessageBody=record.body,
            MessageGroupId=callback.call,
            MessageDeduplicationId=callback.id,
        )


@cache
def _deliverer() -> Deliverer:
    accounts = Accounts(Table(aws.dynamodb(), os.environ["ACCOUNTS_TABLE"]))
    return Deliverer(AddressGuard(os.environ.get("ALLOWED_ADDRESSES", "")), accounts.token)


@cache
def _listing() -> Listing:
    return Listing(Table(aws.dynamodb(), os.environ["CALLS_TABLE"]))


def _tell(callback: Callback, attempt: Attempt, outcome: Outcome) -> None:
    """One line per try, without URL and parameters: both are the customer's."""
    line = {
        "id": callback.id,
        "event": callback.event,
        "attempt": attempt.number,
        "outcome": type(outcome).__name__.lower(),
        "status": outcome.status,
        "error": 0 if isinstance(outcome, Delivered) else outcome.error,
    }
    print(json.dumps(line), file=sys.stderr, flush=True)
