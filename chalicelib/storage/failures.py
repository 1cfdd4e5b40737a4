"""Which failures are temporary, and which come again at every try.

A step is asked again until it is answered: right while AWS is slow, throttles or is not there, and for ever wrong when
the request itself cannot be carried out.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .table import UnprocessedError

PERMANENT = frozenset(
    {
        "ValidationException",  # DynamoDB: too large an item, an impossible key or value
        "SerializationException",
        "ItemCollectionSizeLimitExceededException",
        "InvalidMessageContents",  # SQS: a character that it does not take
        "InvalidParameterValue",  # SQS: too long a message, among others
        "InvalidAttributeValue",
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "RequestEntityTooLargeException",  # Lambda
        "RequestTooLargeException",
        "InvalidRequestContentException",
    }
)


class PassingError(Exception):
    """Another service failed, and may work the next time."""


def is_permanent(error: Exception) -> bool:
    """Whether the same request would fail with ``error`` again.

    AWS's own failures pass unless they are about what it was sent.  An error that is none of these is our code's,
    which does the same with the same input each time.
    """
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "") in PERMANENT
    if isinstance(error, BotoCoreError):
        return isinstance(error, ParamValidationError)
    return not isinstance(error, PassingError | UnprocessedError | OSError | MemoryError)
