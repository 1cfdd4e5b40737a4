"""The callbacks function: delivers what the queue holds, one message at a time, in order for each call."""

from __future__ import annotations

import os
import random
import time
from functools import cache
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice import Chalice

from chalicelib.calls.commands import Callback
from chalicelib.environment import read_environment
from chalicelib.handlers.invocation import Function, session_of
from chalicelib.handlers.settings import CallbacksSettings
from chalicelib.storage import aws
from chalicelib.storage.stores import Stores
from chalicelib.webhooks.deliver import Attempt, Delivered, Deliverer, Dropped, Outcome, Retry
from chalicelib.webhooks.guard import AddressGuard

app = Chalice(app_name="callbacks", configure_logs=False)
_settings = read_environment(CallbacksSettings, os.environ)
_function = Function(_settings)
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
    """Raises NotDeliveredError for a message that stays in the queue."""
    event = record.json_body
    with _function.telling(session_of(event), "CallbackFailures"):
        callback = msgspec.convert(event, Callback)
        outcome = _tried(record, callback)
    if isinstance(outcome, Retry):
        raise NotDeliveredError(callback.id)


def _tried(record: SQSRecord, callback: Callback) -> Outcome:
    attempt = Attempt(
        number=int(record.attributes.approximate_receive_count),
        queued_at=int(record.attributes.sent_timestamp) / 1000,
        at=time.time(),
        jitter=random.random(),  # spreads retries, guards nothing
    )
    outcome = _deliverer().deliver(callback, attempt)
    _tell(callback, attempt, outcome)
    if isinstance(outcome, Retry):
        _hide(record, outcome.seconds)
    if isinstance(outcome, Dropped):
        _give_up(record, callback, outcome)
    return outcome


def _hide(record: SQSRecord, seconds: float) -> None:
    """Keep the message, and those of its call behind it, for its next try."""
    aws.sqs().change_message_visibility(
        QueueUrl=_settings.callbacks_queue_url,
        ReceiptHandle=record.receipt_handle,
        VisibilityTimeout=max(1, round(seconds)),
    )


def _give_up(record: SQSRecord, callback: Callback, outcome: Dropped) -> None:
    """Mark in the log what was never delivered; keep what a day of tries could not deliver as a dead letter."""
    _stores().listing.undelivered(callback, outcome.status, outcome.error)
    if outcome.dead:
        aws.sqs().send_message(
            QueueUrl=_settings.callbacks_dead_letters_url,
            MessageBody=record.body,
            MessageGroupId=callback.call,
            MessageDeduplicationId=callback.id,
        )


@cache
def _deliverer() -> Deliverer:
    return Deliverer(AddressGuard(_settings.allowed_addresses), _stores().accounts.token)


@cache
def _stores() -> Stores:
    return Stores(_settings.calls_table, _settings.accounts_table)


def _tell(callback: Callback, attempt: Attempt, outcome: Outcome) -> None:
    """One line per try, without URL and parameters: both are the customer's.

    The latency is that of the whole delivery: from the queue's taking the message to the application's answer.
    """
    _function.log.info(
        "callback",
        id=callback.id,
        event=callback.event,
        attempt=attempt.number,
        outcome=type(outcome).__name__.lower(),
        status=outcome.status,
        error=0 if isinstance(outcome, Delivered) else outcome.error,
    )
    if isinstance(outcome, Delivered):
        _function.metrics.add("CallbackLatency", (time.time() - attempt.queued_at) * 1000)
    else:
        _function.metrics.add("CallbackFailures", 1)
