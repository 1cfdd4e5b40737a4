"""What a 3xx says about where else to call (RFC 3261 §8.1.3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.sip import wire
from chalicelib.sip.message import address_uri, header_lines
from chalicelib.sip.status import Status

MOVED = frozenset({Status.MULTIPLE_CHOICES, Status.MOVED_PERMANENTLY, Status.MOVED_TEMPORARILY})
"""305 names a proxy and 380 another service: neither is another place to send this INVITE to."""
MOST = 5
"""Redirections that one leg follows."""

_CONTACT = re.compile(r'(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,])+')
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_Q = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def contacts(message: str) -> tuple[str, ...]:
    """The SIP URIs of the Contact headers, the most wanted first, without their header parts.

    Headers in a Contact would be headers that the customer did not write.
    """
    found = sorted(_entries(message), key=lambda entry: -entry[0])
    return tuple(dict.fromkeys(uri for _, uri in found))[: wire.CONTACTS]


def _entries(message: str) -> Iterator[tuple[float, str]]:
    """q (1 unless given, §20.10) and URI of each."""
    for name, value in header_lines(message):
        if name.lower() not in ("contact", "m"):
            continue
        for entry in _CONTACT.findall(value):
            uri = address_uri(_QUOTED.sub("", entry)).partition("?")[0]
            q = _Q.search(entry.rpartition(">")[2])
            if len(uri) > wire.URI or not uri.isprintable() or " " in uri:
                continue
            if uri.lower().startswith(("sip:", "sips:")):
                yield float(q[1]) if q else 1.0, uri
