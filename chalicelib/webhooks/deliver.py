"""One try to deliver a status callback, and what to do after it failed.

At least once, in order per call, with the same ``webhook-id`` every time; up to a day, then it is a dead letter.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from dataclasses import dataclass

from ..calls.commands import Callback
from ..catalogue import Code
from .errors import RequestError
from .exchange import Response, exchange
from .fetch import signed_request
from .guard import AddressGuard

DAY = 86400.0
GONE = 410
# The shape of the Standard Webhooks schedule, drawn together: a call's news is of use soon or hardly at all.
DELAYS = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0)
# SQS keeps a message invisible for 12 hours at most.
LONGEST_DELAY = 43000.0


@dataclass(frozen=True)
class Delivered:
    """A 2xx came."""

    status: int


@dataclass(frozen=True)
class Retry:
    """Try again in ``seconds``."""

    seconds: float
    status: int
    error: int


@dataclass(frozen=True)
class Dropped:
    """Give up: the receiver answered 410, a day has passed, or the account is gone.  ``dead``: it is a dead letter."""

    status: int
    error: int
    dead: bool


Outcome = Delivered | Retry | Dropped


@dataclass(frozen=True)
class Attempt:
    """``number`` 1, 2, …; ``queued_at`` and ``at`` in seconds since the epoch; ``jitter`` 0…1."""

    number: int
    queued_at: float
    at: float
    jitter: float


class Deliverer:
    """``token``: AuthToken of an account."""

    def __init__(self, guard: AddressGuard, token: Callable[[str], str | None]) -> None:
        self._guard = guard
        self._token = token

    def deliver(self, callback: Callback, attempt: Attempt) -> Outcome:
        """Send ``callback`` once.  A redirect counts as a failure: a callback goes to the URL that was configured.

        An account that is no more has no key to sign with: what it was owed is a dead letter.
        """
        token = self._token(callback.account_sid)
        if not token:
            return Dropped(0, Code.ACCOUNT_NOT_ACTIVE, dead=True)
        request = signed_request(
            token, callback.url, callback.method, callback.parameters, callback.id, attempt.at
        )
        try:
            response = exchange(request, self._guard)
        except RequestError as error:
            return _again(attempt, None, error.status, error.code)
        if 200 <= response.status < 300:
            return Delivered(response.status)
        if response.status == GONE:
            return Dropped(GONE, 0, dead=False)
        return _again(attempt, response, response.status, 0)


def _again(attempt: Attempt, response: Response | None, status: int, error: int) -> Outcome:
    planned = DELAYS[min(attempt.number, len(DELAYS)) - 1] * (0.8 + 0.4 * attempt.jitter)
    asked = _retry_after(response, attempt.at) if response else 0.0
    delay = min(max(planned, asked), LONGEST_DELAY)
    if attempt.at + delay > attempt.queued_at + DAY:
        return Dropped(status, error, dead=True)
    return Retry(delay, status, error)


def _retry_after(response: Response, at: float) -> float:
    """Seconds that Retry-After asks for (RFC 9110 §10.2.3): a number or a date; 0 when there is none."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - at)
    except (ValueError, TypeError, OverflowError):
        return 0.0
