"""What a final response means for a leg and for a Dial."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from .status import Status

Outcome = Literal["completed", "busy", "no-answer", "canceled", "failed"]

NO_ANSWER = frozenset({Status.REQUEST_TIMEOUT, Status.TEMPORARILY_UNAVAILABLE})
BUSY = frozenset({Status.BUSY_HERE, Status.BUSY_EVERYWHERE, Status.DECLINE})
"""Restcomm's reading, which its users know."""

_FIRST_OF_4XX = frozenset(
    {
        Status.UNAUTHORIZED,
        Status.PROXY_AUTHENTICATION_REQUIRED,
        Status.UNSUPPORTED_MEDIA_TYPE,
        Status.BAD_EXTENSION,
        Status.ADDRESS_INCOMPLETE,
    }
)


def outcome(code: int) -> Outcome:
    """The CallStatus word for a leg that ended with the final response ``code``, 200 to 699 (docs/contract.md §3).

    A 2xx is ``completed``: the leg was answered and is over.  487 is ``canceled``; a leg that *our timeout*
    cancelled is ``no-answer`` instead, which only the caller of this function can know.
    """
    if 200 <= code < 300:
        return "completed"
    if code in BUSY:
        return "busy"
    if code in NO_ANSWER:
        return "no-answer"
    return "canceled" if code == Status.REQUEST_TERMINATED else "failed"


def best_response(codes: Iterable[int]) -> int | None:
    """The final response that stands for all of them, None of none (RFC 3261 §16.7, step 6).

    Any 6xx wins; else the lowest class; within 4xx those that tell the caller how to try again come first.
    Within a class, and where the RFC leaves the choice open, the first that was received.
    """
    received = list(codes)
    return min(received, key=_rank) if received else None


def _rank(code: int) -> tuple[int, int]:
    family = 0 if code >= 600 else code // 100
    return family, 0 if code in _FIRST_OF_4XX else 1
