"""What the REST API shows of calls: one row per call, a projection of the log that a newer step overwrites.

``pk = call#CA…, sk = row``.  Index ``by_account`` (``account``, ``created``) lists.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from ..calls.commands import Callback
from ..calls.protocol import decode, encode
from ..calls.session import Call, Session
from ..calls.types import CallStatus, Direction, Value
from .log import RETENTION_SECONDS, Row
from .table import Item, Table

# Rows that one request looks at, at most; a page cut short by it still says where the next one begins.
SCANNED = 5000
QUERY_LIMIT = 200
MOST_KEPT = 300_000
"""Bytes of a callback that was never delivered."""


class CallRow(Value, frozen=True):
    """One call as the API shows it, as of ``step`` of the log.  Times are seconds since the epoch."""

    sid: str
    session: str
    account_sid: str
    to: str
    from_: str = msgspec.field(name="from")
    status: CallStatus
    direction: Direction
    created_at: float
    updated_at: float
    step: int
    parent_sid: str = ""
    caller_name: str = ""
    forwarded_from: str = ""
    answered_at: float | None = None
    ended_at: float | None = None
    sip_code: int = 0
    error: int = 0

    @property
    def started_at(self) -> float | None:
        """When the call left the queue for the network; None while it waits for a task."""
        return None if self.status == "queued" else self.created_at


@dataclass(frozen=True)
class Filter:
    """Which calls of an account to list; what is None or empty does not matter.

    Times are ranges of seconds since the epoch: from, and up to but without.
    """

    to: str = ""
    from_: str = ""
    status: str = ""
    parent_sid: str = ""
    started: tuple[float | None, float | None] = (None, None)
    ended: tuple[float | None, float | None] = (None, None)

    def admits(self, row: CallRow) -> bool:
        """Whether ``row`` is to be listed."""
        texts = (
            (self.to, row.to),
            (self.from_, row.from_),
            (self.status, row.status),
            (self.parent_sid, row.parent_sid),
        )
        return (
            all(wanted in ("", value) for wanted, value in texts)
            and _within(self.started, row.started_at)
            and _within(self.ended, row.ended_at)
        )


def _within(bounds: tuple[float | None, float | None], at: float | None) -> bool:
    low, high = bounds
    if low is None and high is None:
        return True
    return at is not None and (low is None or low <= at) and (high is None or at < high)


@dataclass(frozen=True)
class Page:
    """Some calls, newest first, and the token of the next page (empty at the end)."""

    calls: tuple[CallRow, ...]
    next_token: str = ""


class InvalidTokenError(ValueError):
    """The page token is none of ours."""


class Listing:
    """The calls' rows in the calls table."""

    def __init__(self, table: Table, retention: int = RETENTION_SECONDS) -> None:
        self._table = table
        self._retention = retention

    def project(self, row: Row) -> None:
        """Show what the step ``row`` changed; a row of a newer step stays as it is."""
        calls = row.state.calls | {call.sid: call for call in row.gone}
        for sid in row.changed:
            self._put(_call_row(row, calls[sid]))

    def undelivered(self, callback: Callback, status: int, error: int) -> None:
        """Mark beside the call what its application was never told: the last HTTP ``status``, 0 for none, and why."""
        body = encode(callback).decode()
        item: Item = {
            "pk": f"call#{callback.call}",
            "sk": f"undelivered#{callback.sequence:04d}",
            "callback": body if len(body.encode()) <= MOST_KEPT else "",
            "status": status,
            "error": error,
            "expires_at": int(callback.at) + self._retention,
        }
        self._table.put(item)

    def get(self, sid: str) -> CallRow | None:
        """The call ``sid`` as it is now."""
        item = self._table.get(pk=f"call#{sid}", sk="row")
        return _decoded(item) if item else None

    def page(self, account_sid: str, wanted: Filter, size: int, token: str = "") -> Page:
        """At most ``size`` calls of the account that ``wanted`` admits, newest first, from ``token`` on."""
        looked_at = islice(self._rows(account_sid, token), SCANNED)
        calls: list[CallRow] = []
        last: CallRow | None = None
        for seen, row in enumerate(looked_at, start=1):
            if wanted.admits(row):
                if len(calls) == size:
                    return Page(tuple(calls), _token(calls[-1]))
                calls.append(row)
            last = row if seen == SCANNED else None
        return Page(tuple(calls), _token(last) if last else "")

    def _rows(self, account_sid: str, token: str) -> Iterator[CallRow]:
        options = {"ExclusiveStartKey": _start_key(account_sid, token)} if token else {}
        items = self._table.query(
            "account = :account",
            {":account": account_sid},
            IndexName="by_account",
            ScanIndexForward=False,
            Limit=QUERY_LIMIT,
            **options,
        )
        return map(_decoded, items)

    def _put(self, call: CallRow) -> None:
        item: Item = {
            "pk": f"call#{call.sid}",
            "sk": "row",
            "account": call.account_sid,
            "created": _moment(call.created_at),
            "step": call.step,
            "row": encode(call).decode(),
            "expires_at": int(call.updated_at) + self._retention,
        }
        self._table.put_if(item, "attribute_not_exists(step) OR step < :step", {":step": call.step})


def changed_calls(before: Session | None, after: Session, gone: tuple[Call, ...]) -> tuple[str, ...]:
    """The calls whose row differs between two states: those that are new or have another status.

    ``gone``: the calls that ``after`` does not hold any more.
    """
    then = before.calls if before else {}
    now = {call.sid: call for call in (*gone, *after.calls.values())}
    return tuple(sid for sid, call in now.items() if sid not in then or then[sid].status != call.status)


def _call_row(row: Row, call: Call) -> CallRow:
    return CallRow(
        sid=call.sid,
        session=row.session,
        account_sid=row.state.account_sid,
        to=call.to,
        from_=call.from_,
        status=call.status,
        direction=call.direction,
        created_at=call.created_at,
        updated_at=row.at,
        step=row.number,
        parent_sid=call.parent_sid,
        caller_name=call.caller_name,
        forwarded_from=call.forwarded_from,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        sip_code=call.sip_code,
        error=call.error,
    )


def _decoded(item: Item) -> CallRow:
    return decode(str(item["row"]), CallRow)


def _token(row: CallRow) -> str:
    return base64.urlsafe_b64encode(f"{row.sid} {_moment(row.created_at)}".encode()).decode().rstrip("=")


def _moment(at: float) -> str:
    """Seconds since the epoch as text that sorts like the number."""
    return f"{at:017.6f}"


def _start_key(account_sid: str, token: str) -> dict[str, dict[str, str]]:
    """The index key behind ``token``; always of the asking account, whatever the token says."""
    try:
        sid, created = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(" ")
        float(created)
    except ValueError:
        raise InvalidTokenError(token) from None
    return {
        "pk": {"S": f"call#{sid}"},
        "sk": {"S": "row"},
        "account": {"S": account_sid},
        "created": {"S": created},
    }
