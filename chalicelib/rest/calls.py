"""What the API does with calls: create, show, list, change."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from ..calls.events import CallChange, Changed, Created
from ..calls.protocol import ChangeRequest, StepRequest
from ..catalogue import Code
from ..steps.executor import Steps
from ..storage.listing import CallRow, InvalidTokenError, Listing, Page
from ..storage.log import CallLog, Row
from ..storage.queues import Outbound
from ..storage.tasks import Tasks
from .errors import BusyError, ConflictError, InvalidError, MissingError, StateError
from .forms import Form, Sealing, call_change, new_call
from .query import Query

ATTEMPTS = 5
UNANSWERED = ("queued", "initiated", "ringing")


@dataclass(frozen=True)
class Edge:
    """What the handler brings in: the time (seconds since the epoch) and 32 random hex digits."""

    at: float
    entropy: str


@dataclass(frozen=True)
class Account:
    """The authenticated account that makes a request."""

    sid: str
    token: str


class Calls:
    """The calls of all accounts, as the API's resources."""

    def __init__(
        self, log: CallLog, steps: Steps, listing: Listing, tasks: Tasks, outbound: Outbound, sealing: Sealing
    ) -> None:
        self._log = log
        self._steps = steps
        self._listing = listing
        self._tasks = tasks
        self._outbound = outbound
        self._sealing = sealing

    def create(
        self, account: Account, form: Form, key: str, edge: Edge, check_target: Callable[[str], None]
    ) -> CallRow:
        """POST Calls.  The same ``key`` (Idempotency-Key, may be empty) names the same call; raises RestError."""
        wanted = new_call(account.sid, form, self._sealing, check_target)
        sid = "CA" + (_derived(account, "key", key) if key else edge.entropy)
        # With a key the event's entropy is what the request was, so that a repeat can be told from another one.
        entropy = _derived(account, "form", *map("=".join, form.pairs())) if key else edge.entropy
        created = Created(
            at=edge.at,
            entropy=entropy,
            call=sid,
            to=wanted.to,
            from_=wanted.from_,
            application=wanted.application,
            launch=wanted.launch,
        )
        if self._steps.handle(StepRequest(sid, 0, (created,))).fenced:
            self._repeat(sid, entropy)
        row = self.show(account, sid)
        if row.status == "queued":
            self._outbound.announce(sid)
        return row

    def _repeat(self, sid: str, entropy: str) -> None:
        """The key was seen before: the first request may have been cut off before its effects were sent."""
        first = self._log.read(sid, 0)
        if first is None or first.events[0].entropy != entropy:
            raise ConflictError
        self._steps.send_effects(first)

    def show(self, account: Account, sid: str) -> CallRow:
        """GET Calls/{CallSid}; raises MissingError also for another account's call."""
        row = self._listing.get(sid)
        if row is None or row.account_sid != account.sid:
            raise MissingError(f"/Accounts/{account.sid}/Calls/{sid}")
        return row

    def page(self, account: Account, query: Query) -> Page:
        """GET Calls."""
        try:
            return self._listing.page(account.sid, query.wanted, query.size, query.token)
        except InvalidTokenError:
            raise InvalidError(Code.INVALID_PARAMETER, "PageToken is not one of ours") from None

    def change(self, account: Account, sid: str, form: Form, edge: Edge) -> CallRow:
        """POST Calls/{CallSid}: end the call, or have it run another document; raises RestError.

        Status ``completed`` ends any call, ``canceled`` one nobody answered.  A call that no task has claimed is
        changed here and now; the step number decides against a task that claims it in the same moment.  For any
        other its task is asked, and the answer shows the call as it still is.
        """
        change = call_change(form, self._sealing)
        row = self.show(account, sid)
        for _ in range(ATTEMPTS):
            last = self._log.read_last(row.session)
            call = last.state.calls.get(sid) if last else None
            if last is None or call is None or call.over:
                raise StateError("The call is over")
            if change.status == "canceled" and call.status not in UNANSWERED:
                raise StateError("The call is answered; only completed ends it")
            if self._changed(last, sid, change, edge):
                return self.show(account, sid)
        raise BusyError

    def _changed(self, last: Row, sid: str, change: CallChange, edge: Edge) -> bool:
        """Whether the call was changed or its task was asked to; False when another wrote the step first."""
        task = last.state.task
        if not task:
            event = Changed(at=edge.at, entropy=edge.entropy, call=sid, change=change)
            request = StepRequest(last.session, last.number + 1, (event,), last.state.epoch)
            return not self._steps.handle(request).fenced
        queue_url = self._tasks.queue_url(task)
        if queue_url is None:
            raise BusyError
        self._outbound.request_change(queue_url, ChangeRequest(last.session, sid, change, edge.entropy))
        return True


def _derived(account: Account, *parts: str) -> str:
    """32 hex digits from ``parts``, which nobody can find out or meet without the account's token."""
    text = "\0".join([account.sid, *parts])
    return hmac.new(account.token.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]
