"""What goes out by queue: callbacks to customers, created calls to any task, changes to one task.

A task makes its own queue and takes it away; only that of a dead task is removed here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..calls.commands import Callback
from ..calls.protocol import ChangeRequest, OutboundCall, encode
from .failures import PERMANENT, PassingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

# SQS takes ten messages and 256 KiB in one batch.
BATCH = 10
BATCH_BYTES = 250_000
MESSAGE_BYTES = 262_144


# SQS takes XML's characters only; in JSON they stand in strings, where each has an escape.
NOT_OF_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


class NotQueuedError(PassingError):
    """SQS did not take a message.  The sender of the step request repeats it, and the effects are sent again."""


class Outbound:
    """Sends to the queues.  ``client`` gives the SQS client when there is something to send."""

    def __init__(self, client: Callable[[], SQSClient], calls_url: str, callbacks_url: str) -> None:
        self._client = client
        self._calls_url = calls_url
        self._callbacks_url = callbacks_url

    def announce(self, session: str) -> None:
        """Offer the created ``session`` to the tasks.  Offered twice, the second claim is fenced."""
        self._send(self._calls_url, OutboundCall(session))

    def request_change(self, queue_url: str, request: ChangeRequest) -> None:
        """Ask the task behind ``queue_url`` to change a call."""
        self._send(queue_url, request)

    def remove(self, queue_url: str) -> None:
        """Delete a dead task's queue, which may be gone."""
        client = self._client()
        with contextlib.suppress(client.exceptions.QueueDoesNotExist):
            client.delete_queue(QueueUrl=queue_url)

    def deliver(self, callbacks: tuple[Callback, ...]) -> tuple[Callback, ...]:
        """Queue ``callbacks`` in order: a FIFO group per call, the callback's id against doubles.

        Returns those that SQS will never take.  Raises NotQueuedError when any was refused for another reason; sent
        again, those that were taken are dropped by their id.
        """
        hopeless = {callback.id for callback in callbacks if len(_body(callback).encode()) > MESSAGE_BYTES}
        possible = tuple(callback for callback in callbacks if callback.id not in hopeless)
        for batch in _batches(possible):
            hopeless |= {batch[int(number)]["MessageDeduplicationId"] for number in self._refused(batch)}
        return tuple(callback for callback in callbacks if callback.id in hopeless)

    def _refused(self, batch: list[Entry]) -> list[str]:
        """Send ``batch``; the ``Id`` of each entry that is itself what SQS does not take."""
        answer = self._client().send_message_batch(QueueUrl=self._callbacks_url, Entries=batch)
        failed = answer.get("Failed", [])
        if passing := [failure for failure in failed if failure["Code"] not in PERMANENT]:
            reasons = sorted({failure["Code"] for failure in passing})
            raise NotQueuedError(f"{len(passing)} of {len(batch)} callbacks: {reasons}")
        return [failure["Id"] for failure in failed]

    def _send(self, queue_url: str, message: OutboundCall | ChangeRequest) -> None:
        self._client().send_message(QueueUrl=queue_url, MessageBody=_body(message))


def _body(message: OutboundCall | ChangeRequest | Callback) -> str:
    return encode(message).decode().translate(NOT_OF_XML)


def _batches(callbacks: tuple[Callback, ...]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for callback in callbacks:
        body = _body(callback)
        if batch and (len(batch) == BATCH or size + len(body.encode()) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        size += len(body.encode())
        batch.append(
            {
                "Id": str(len(batch)),
                "MessageBody": body,
                "MessageGroupId": callback.call,
                "MessageDeduplicationId": callback.id,
            }
        )
    if batch:
        yield batch
