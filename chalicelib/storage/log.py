"""The log of each call: one row per step, and nothing else decides what happened.

A row is written under its step number only if there is none yet.  That one conditional write is the fence
between two writers, the idempotency of a repeated request, the outbox of its effects and the history for
trace and replay.

A row is JSON, compressed.  One that is too large for an item all the same goes on in others, which are written in one
transaction with it: nothing that a customer or a peer sends can make a session too large for its log.

The row that gives a session to a task carries ``open_task`` until the session is over: index ``by_task`` finds what
a dead task left open, whatever else its last step did not get done.

Texts (documents, fetched bodies) are stored once, under their SHA-256; in the row their hash stands for them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from ..calls.commands import Callback, Command
from ..calls.events import Changed, Claimed, Created, Event, Fetched, Incoming
from ..calls.protocol import decode, encode
from ..calls.session import Application, Call, Session
from ..calls.types import Value
from .cache import Cache
from .table import Addition, Item, Table

DAY = 86400
RETENTION_SECONDS = 30 * DAY
TEXT_GRACE_SECONDS = 2 * DAY
CACHED_TEXTS = 256
PART_BYTES = 350_000
"""Of a compressed row in one item, with room for the item's other attributes below DynamoDB's 400 kB."""


class LoggedProblem(Value, frozen=True):
    """Something wrong that a step met: ``code`` of the catalogue; ``line`` and ``column`` of the document."""

    code: int
    message: str
    line: int = 0
    column: int = 0
    severity: str = "warning"


class Row(Value, frozen=True):
    """One step of a session: what came in, what it asked for, and the session after it.

    ``digest`` tells a repeated request from another writer's.  ``changed``: the calls whose listing changed.
    ``gone``: the calls that ended and that ``state`` does not hold any more.
    ``task`` is the task the step was for, also when a reaper made it; ``at`` the time of its last event.
    """

    session: str
    number: int
    digest: str
    at: float
    events: tuple[Event, ...]
    state: Session
    epoch: int = 0
    task: str = ""
    commands: tuple[Command, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    problems: tuple[LoggedProblem, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[Call, ...] = ()


class CallLog(Protocol):
    """The port: what a store of calls must do."""

    def read(self, session: str, number: int) -> Row | None:
        """Step ``number`` of ``session``."""

    def read_last(self, session: str) -> Row | None:
        """The last step of ``session``; None when there is no such session."""

    def append(self, row: Row, additions: tuple[Addition, ...] = ()) -> Row | None:
        """Write ``row`` unless its number is taken; returns the row that is there already, else None.

        ``additions`` are made with it or neither is: raises AdditionsRefusedError.
        """

    def history(self, session: str) -> Iterator[Row]:
        """All steps of ``session`` in order."""

    def close(self, row: Row) -> None:
        """The session of ``row`` is over and all is sent: no task has it open any more."""


class TextMissingError(LookupError):
    """A row names a text that the table does not have: the table was tampered with."""


class DynamoCallLog:
    """The log in DynamoDB: rows under ``pk = CA…, sk = step number``, what does not fit into one under
    ``pk = more#CA…, sk = <step number>.<part>``, texts under ``pk = doc#<sha256>``.

    ``retention``: seconds that a row is kept after its last event; DynamoDB deletes by ``expires_at``.
    """

    def __init__(self, table: Table, retention: int = RETENTION_SECONDS) -> None:
        self._table = table
        self._retention = retention
        self._texts = _Texts(table)

    def read(self, session: str, number: int) -> Row | None:
        """Step ``number`` of ``session``."""
        item = self._table.get(pk=session, sk=_sort_key(number))
        return self._filled(item) if item else None

    def read_last(self, session: str) -> Row | None:
        """The last step of ``session``; None when there is no such session."""
        items = self._table.query("pk = :session", {":session": session}, ScanIndexForward=False, Limit=1)
        item = next(items, None)
        return self._filled(item) if item else None

    def append(self, row: Row, additions: tuple[Addition, ...] = ()) -> Row | None:
        """Write ``row`` unless its number is taken; returns the row that is there already, else None.

        ``additions`` are made with it or neither is: raises AdditionsRefusedError.
        """
        expires_at = int(row.at) + self._retention
        emptied = _with_texts(row, lambda text: self._texts.keep(text, expires_at))
        data = zlib.compress(encode(emptied), 1)
        parts = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
        item: Item = {
            "pk": row.session,
            "sk": _sort_key(row.number),
            "row": parts[0],
            "expires_at": expires_at,
        }
        if len(parts) > 1:
            item["parts"] = len(parts)
        if owner := _new_owner(row):
            item["open_task"] = owner
        further: list[Item] = [
            {**key, "row": part, "expires_at": expires_at}
            for key, part in zip(_further_keys(item), parts[1:], strict=True)
        ]
        present = self._table.put_new(item, "sk", additions, further)
        return None if present is None else self._filled(present)

    def history(self, session: str) -> Iterator[Row]:
        """All steps of ``session`` in order."""
        for item in self._table.query("pk = :session", {":session": session}):
            yield self._filled(item)

    def close(self, row: Row) -> None:
        """The session of ``row`` is over and all is sent: no task has it open any more."""
        opened = _opening_number(row)
        if row.number > opened:
            self._table.remove_attribute("open_task", pk=row.session, sk=_sort_key(opened))

    def _filled(self, item: Item) -> Row:
        keys = _further_keys(item)
        found = {item["sk"]: item["row"] for item in self._table.get_all(keys)} if keys else {}
        data = b"".join([_bytes(item["row"]), *(_bytes(found[key["sk"]]) for key in keys)])
        return _with_texts(decode(zlib.decompress(data), Row), self._texts.find)


def _sort_key(number: int) -> str:
    return f"{number:08d}"


def _further_keys(item: Item) -> list[dict[str, str]]:
    """Of the items in which the row of ``item`` goes on."""
    parts = range(1, int(item.get("parts", 1)))
    session, number = str(item["pk"]), str(item["sk"])
    return [{"pk": f"more#{session}", "sk": f"{number}.{part:02d}"} for part in parts]


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def _new_owner(row: Row) -> str:
    """The task that has the session open from this step on; empty for none, or not from this step."""
    tasks = [event.task for event in row.events if isinstance(event, Incoming | Claimed)]
    return tasks[0] if tasks and not row.state.over else ""


def _opening_number(row: Row) -> int:
    """The step that gives a session to a task: its first, or the claim, which can but be the second."""
    return 0 if row.state.parent.direction == "inbound" else 1


def _with_texts(row: Row, swap: Callable[[str], str]) -> Row:
    """``row`` with ``swap`` done to every text in it that may be long; an empty text stays empty."""

    def swapped(text: str) -> str:
        return swap(text) if text else ""

    documents = {name: swapped(text) for name, text in row.state.documents.items()}
    state = msgspec.structs.replace(
        row.state, documents=documents, application=_application(row.state.application, swapped)
    )
    return msgspec.structs.replace(row, state=state, events=tuple(_event(e, swapped) for e in row.events))


def _event(event: Event, swap: Callable[[str], str]) -> Event:
    if isinstance(event, Fetched):
        return msgspec.structs.replace(event, body=swap(event.body))
    if isinstance(event, Changed):
        change = msgspec.structs.replace(event.change, rcml=swap(event.change.rcml))
        return msgspec.structs.replace(event, change=change)
    if isinstance(event, Incoming | Created):
        return msgspec.structs.replace(event, application=_application(event.application, swap))
    return event


def _application(application: Application | None, swap: Callable[[str], str]) -> Application | None:
    return application and msgspec.structs.replace(application, rcml=swap(application.rcml))


class _Texts:
    """Immutable texts under their hash.  A text that this process has seen is neither read nor written again."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # A text never changes, so the cache needs no clock; how long the table keeps it is looked at apart.
        self._cache: Cache[tuple[str, int]] = Cache(CACHED_TEXTS, 1, lambda: 0.0)

    def keep(self, text: str, expires_at: int) -> str:
        """Store ``text`` at least until ``expires_at``; returns its SHA-256 in hex."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        kept_until = self._cache.get(digest, lambda: self._write(digest, text, expires_at))[1]
        if kept_until < expires_at:
            self._cache.put(digest, self._write(digest, text, expires_at))
        return digest

    def find(self, digest: str) -> str:
        return self._cache.get(digest, lambda: self._read(digest))[0]

    def _write(self, digest: str, text: str, expires_at: int) -> tuple[str, int]:
        """Later rows that name the text need it longer: the grace spares them a write for as many days."""
        until = expires_at + TEXT_GRACE_SECONDS
        self._table.put({"pk": f"doc#{digest}", "sk": "text", "text": text, "expires_at": until})
        return text, until

    def _read(self, digest: str) -> tuple[str, int]:
        item = self._table.get(pk=f"doc#{digest}", sk="text")
        if item is None:
            raise TextMissingError(digest)
        return str(item["text"]), int(item["expires_at"])
