"""The calls an account has placed: those that have not ended, and those of this second.

The write of a row that places or ends calls adds to these counts in one transaction with the row itself: the counts
say just what the log says, whatever dies in between, and cost no request of their own.  Accounts without limits have
no counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..calls.routing.policy import Limits
from ..calls.routing.routes import live_calls
from ..calls.session import Session
from ..calls.types import Quota
from ..catalogue import Code
from ..storage.table import Addition, AdditionsRefusedError

# Long after anybody could write to the count of that second.
KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Charge:
    """What a step does to the counts of its account: ``placed`` calls began, ``ended`` calls are over.

    ``at``: seconds since the epoch.
    """

    account_sid: str
    limits: Limits
    placed: int
    ended: int
    at: float

    def additions(self, *, bound: bool) -> tuple[Addition, ...]:
        """The additions to write with the row; when ``bound``, refused if a limit does not admit all of ``placed``."""
        additions = [addition for addition in (self._concurrent(), self._rate()) if addition]
        return tuple(each if bound else replace(each, most=None) for each in additions)

    def quota(self, refused: AdditionsRefusedError, before: Quota | None) -> Quota:
        """How many calls the step may place after all, less than ``before``, and the code for the others."""
        quotas = [self._left(addition, present) for addition, present in refused.refused]
        least = min(quotas, key=lambda quota: quota.left)
        return Quota(min(least.left, before.left - 1), least.code) if before else least

    def _left(self, addition: Addition, present: int | None) -> Quota:
        """``present``: the count that was in the way, None when it is unknown."""
        rate = addition.attribute == "placed"
        most = self.limits.calls_per_second if rate else self.limits.concurrent_calls + self.ended
        left = self.placed - 1 if present is None else min(self.placed - 1, most - present)
        return Quota(max(0, left), Code.CALL_RATE_EXCEEDED if rate else Code.TOO_MANY_CALLS)

    def _concurrent(self) -> Addition | None:
        balance = self.placed - self.ended
        if not self.limits.concurrent_calls or not balance:
            return None
        most = self.limits.concurrent_calls - balance if self.placed else None
        return Addition({"pk": f"limits#{self.account_sid}", "sk": "calls"}, "in_use", balance, most)

    def _rate(self) -> Addition | None:
        if not self.limits.calls_per_second or not self.placed:
            return None
        second = int(self.at)
        return Addition(
            {"pk": f"rate#{self.account_sid}#{second}", "sk": "calls"},
            "placed",
            self.placed,
            self.limits.calls_per_second - self.placed,
            expires_at=second + KEPT_SECONDS,
        )


def charge(before: Session | None, after: Session, at: float) -> Charge | None:
    """What the step from ``before`` to ``after`` does to the counts; None: nothing, or they are not kept."""
    policy = after.application.policy if after.application else None
    if policy is None or policy.limits is None:
        return None
    was, is_now = live_calls(before) if before else frozenset[str](), live_calls(after)
    if was == is_now:
        return None
    return Charge(after.account_sid, policy.limits, len(is_now - was), len(was - is_now), at)
