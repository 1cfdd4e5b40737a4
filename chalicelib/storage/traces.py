"""The SIP messages of a session, beside its log: items of their own, so that no step waits for them or grows by them.

Calls table: ``pk = trace#CA…``, ``sk`` the number of the item's first message in the session.  Sent again, the same
messages take their own place.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ..calls.protocol import SipMessage, decode, encode
from .log import RETENTION_SECONDS
from .table import Table

ITEM_BYTES = 300_000
"""Before they are compressed; DynamoDB takes 400 kB."""


class Traces:
    """``retention``: seconds that messages are kept after they crossed the wire."""

    def __init__(self, table: Table, retention: int = RETENTION_SECONDS) -> None:
        self._table = table
        self._retention = retention

    def keep(self, session: str, messages: tuple[SipMessage, ...], first: int) -> None:
        """Store ``messages``, of which the first is number ``first`` of the session."""
        for number, part in _parts(messages, first):
            self._table.put(
                {
                    "pk": f"trace#{session}",
                    "sk": f"{number:08d}",
                    "messages": zlib.compress(encode(part), 1),
                    "expires_at": int(part[-1].at) + self._retention,
                }
            )

    def history(self, session: str) -> Iterator[SipMessage]:
        """All messages of ``session`` in order."""
        for item in self._table.query("pk = :session", {":session": f"trace#{session}"}):
            packed = item["messages"]
            assert isinstance(packed, bytes)
            yield from decode(zlib.decompress(packed), tuple[SipMessage, ...])


def _parts(messages: tuple[SipMessage, ...], first: int) -> Iterator[tuple[int, list[SipMessage]]]:
    """The messages in parts that fit into an item each, with the number of the first message of each."""
    part: list[SipMessage] = []
    size = 0
    for number, message in enumerate(messages, start=first):
        bytes_ = len(encode(message))
        if part and size + bytes_ > ITEM_BYTES:
            yield number - len(part), part
            part, size = [], 0
        part.append(message)
        size += bytes_
    if part:
        yield first + len(messages) - len(part), part
