"""What a final response means for a leg and for a Dial."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Outcome = Literal["completed", "busy", "no-answer", "canceled", "failed"]

NO_ANSWER = frozenset({408, 480})
"""408 Request Timeout, 480 Temporarily Unavailable."""
BUSY = frozenset({486, 600, 603})
"""486 Busy Here, 600 Busy Everywhere, 603 Decline: Restcomm's reading, which its users know."""
CANCELED = 487
"""Request Terminated: the answer to our CANCEL (RFC 3261 §9.2)."""

_FIRST_OF_4XX = (401, 407, 415, 420, 484)


def outcome(code: int) -> Outcome:
    """The CallStatus word for a leg that ended with the final response ``code``, 200 to 699 (CONTRACT §3).

    A 2xx is ``completed``: the leg was answered and is over.  487 is ``canceled``; a leg that *our timeout*
    cancelled is ``no-answer`` instead, which only the caller of this function can know.
    """
    if 200 <= code < 300:
        return "completed"
    if code in BUSY:
        return "busy"
    if code in NO_ANSWER:
        return "no-answer"
    return "canceled" if code == CANCELED else "failed"


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
