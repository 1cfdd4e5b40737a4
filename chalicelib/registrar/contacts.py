"""Where the clients of an account can be reached at the moment.

Calls table: ``pk = client#<AccountSid>#<name>``, ``sk = contacts`` holds all contacts of a client as JSON in
``contacts``.  One item, because they are judged and answered together (RFC 3261 §10.3 steps 7 and 8), and so that a
Dial of ten clients costs one request.  ``version`` grows with every write and is its condition: of two registrations
at a time neither loses the other's.  ``expires_at`` is that of the contact that lives longest.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

from ..calls.protocol import decode, encode
from ..calls.registration import Rule, live
from ..calls.types import Contact
from ..storage.table import CONFLICT_SECONDS, CONFLICTS, Item, Table

__all__ = ["Contact", "Contacts", "ContendedError"]

SORT_KEY = "contacts"


class ContendedError(Exception):
    """Others kept writing the same client's contacts; nothing was written."""


class Contacts:
    """``clock``: seconds since the epoch."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def of(self, account_sid: str, names: tuple[str, ...]) -> dict[str, tuple[Contact, ...]]:
        """The live contacts of each client, the most wanted (q) and newest first; none for one that has none.

        One BatchGetItem for up to 100 ``names``.  Raises UnprocessedError when DynamoDB leaves some out.
        """
        keys = {_partition(account_sid, name): name for name in names}
        items = self._table.get_all([{"pk": pk, "sk": SORT_KEY} for pk in keys])
        now = self._clock()
        found = {keys[str(item["pk"])]: live(_contacts(item), now) for item in items}
        return {name: found.get(name, ()) for name in names}

    def change(self, account_sid: str, name: str, rule: Rule) -> tuple[Contact, ...]:
        """Replace the client's live contacts by what ``rule`` makes of them; returns the new ones.

        When ``rule`` raises, nothing is written.  It is called again after a conflict with another write; raises
        ContendedError after CONFLICTS of them.
        """
        key: dict[str, str] = {"pk": _partition(account_sid, name), "sk": SORT_KEY}
        present: Item | None = self._table.get(**key)
        for attempt in range(CONFLICTS):
            before = live(_contacts(present), self._clock()) if present else ()
            after = rule(before)
            if after == before:
                return after
            present = self._write(key, present, after)
            if present is None:
                return after
            time.sleep(CONFLICT_SECONDS * attempt * random.uniform(0.5, 1.5))
        raise ContendedError

    def _write(
        self, key: Mapping[str, str], present: Item | None, contacts: tuple[Contact, ...]
    ) -> Item | None:
        """None when the contacts are written, else the item that another writer left."""
        version = int(present["version"]) if present else 0
        item: Item = {
            **key,
            "contacts": encode(contacts).decode(),
            "version": version + 1,
            "expires_at": int(max((contact.expires_at for contact in contacts), default=self._clock())),
        }
        if not present:
            return self._table.put_if(item, "attribute_not_exists(pk)")
        return self._table.put_if(item, "version = :version", {":version": version})


def _partition(account_sid: str, name: str) -> str:
    return f"client#{account_sid}#{name}"


def _contacts(item: Item) -> tuple[Contact, ...]:
    return decode(str(item["contacts"]), tuple[Contact, ...])
