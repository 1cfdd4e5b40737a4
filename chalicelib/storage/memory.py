"""The log of each call in the memory of one process: for a simulator and for tests, which have no DynamoDB.

It keeps the contract of ``log.CallLog`` as DynamoCallLog does; the same tests hold both.  Nothing is deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from .log import Row
from .table import Addition, AdditionsRefusedError

Counter = tuple[frozenset[tuple[str, str]], str]
"""The key of an item, and the attribute that counts in it."""


class MemoryCallLog:
    """Rows are immutable, so they are kept as they are.  Several threads may write at a time."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, Row]] = {}
        self._counts: dict[Counter, int] = {}
        self._lock = threading.Lock()

    def read(self, session: str, number: int) -> Row | None:
        """Step ``number`` of ``session``."""
        return self._rows.get(session, {}).get(number)

    def read_last(self, session: str) -> Row | None:
        """The last step of ``session``; None when there is no such session."""
        with self._lock:
            rows = self._rows.get(session)
            return rows[max(rows)] if rows else None

    def append(self, row: Row, additions: tuple[Addition, ...] = ()) -> Row | None:
        """Write ``row`` unless its number is taken; returns the row that is there already, else None.

        ``additions`` are made with it or neither is: raises AdditionsRefusedError.
        """
        with self._lock:
            if present := self.read(row.session, row.number):
                return present
            self._add(additions)
            self._rows.setdefault(row.session, {})[row.number] = row
            return None

    def history(self, session: str) -> Iterator[Row]:
        """All steps of ``session`` in order."""
        with self._lock:
            rows = sorted(self._rows.get(session, {}).items())
        return iter([row for _, row in rows])

    def close(self, row: Row) -> None:
        """Nothing to do: no reaper looks here for the sessions of a dead task, which died with this log."""

    def _add(self, additions: tuple[Addition, ...]) -> None:
        counts = [(each, self._counts.get(_counter(each), 0)) for each in additions]
        refused = tuple(
            (each, count) for each, count in counts if each.most is not None and count > each.most
        )
        if refused:
            raise AdditionsRefusedError(refused)
        for each, count in counts:
            self._counts[_counter(each)] = count + each.amount


def _counter(addition: Addition) -> Counter:
    return frozenset(addition.key.items()), addition.attribute
