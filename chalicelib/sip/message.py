"""A SIP message (RFC 3261 §7).  Its text is read once, and not before something of it is asked for."""

from __future__ import annotations

import re
from functools import cached_property

from . import wire
from .characters import TOKEN
from .headers import Headers
from .uri import SipUri, read_uri

DEFAULT_MAX_FORWARDS = 70
COMPACT = {
    "a": "accept-contact",  # RFC 3841
    "b": "referred-by",  # RFC 3892
    "c": "content-type",
    "d": "request-disposition",  # RFC 3841
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",  # RFC 3841
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",  # RFC 6665
    "r": "refer-to",  # RFC 3515
    "s": "subject",
    "t": "to",
    "u": "allow-events",  # RFC 6665
    "v": "via",
    "x": "session-expires",  # RFC 4028
    "y": "identity",  # RFC 8224
}
"""The compact forms of header names (§7.3.3, and where they are from)."""


class Message:
    """``text``: as it came, control characters apart (see `wire`); '' stands for no message and has no headers.

    Callers give header names in lower case and in their long form; the compact form is read wherever the long one is.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def is_response(self) -> bool:
        """Whether the message has a status line."""
        return self.text.startswith("SIP/2.0 ")

    @property
    def start_line(self) -> str:
        """The request line or the status line."""
        return self._lines[0]

    @cached_property
    def request_uri(self) -> str:
        """As written; '' for a response."""
        return "" if self.is_response else self.start_line.partition(" ")[2].partition(" ")[0]

    @cached_property
    def target(self) -> SipUri:
        """The Request-URI."""
        return read_uri(self.request_uri)

    @property
    def is_target_too_long(self) -> bool:
        """Whether the request is answered with 414: its host, or the number in its place, can be nobody's."""
        uri = self.request_uri
        host = self.target.host or uri.partition(":")[2].partition(";")[0]
        return len(uri) > wire.URI or len(host) > wire.HOST

    @cached_property
    def headers(self) -> Headers:
        """Name (as received) and value of each header, in the order of the message."""
        pairs = (line.partition(":") for line in self._lines[1:])
        return tuple([(name.rstrip(), value.strip()) for name, colon, value in pairs if colon])

    def header(self, name: str) -> str:
        """The first value under ``name``, or empty."""
        values = self._by_name.get(name)
        return values[0] if values else ""

    def values(self, name: str) -> tuple[str, ...]:
        """Those of all headers under ``name``."""
        return tuple(self._by_name.get(name, ()))

    @cached_property
    def x_headers(self) -> Headers:
        """The X- headers, in the order and case received, within the bounds of ``wire``: the first ones win."""
        if "X-" not in self.text and "x-" not in self.text:
            return ()
        kept: list[tuple[str, str]] = []
        left = wire.X_HEADER_TEXT
        for name, value in self.headers:
            if name[:2] not in ("X-", "x-") or len(name) > wire.HEADER_NAME or not TOKEN.issuperset(name):
                continue
            value = value[: wire.HEADER_VALUE]
            left -= len(name) + len(value)
            if left < 0 or len(kept) == wire.X_HEADERS:
                break
            kept.append((name, value))
        return tuple(kept)

    @property
    def max_forwards(self) -> int:
        """How many hops a request may still go; 70 when it does not say (§16.3, item 3)."""
        return _number(self.header("max-forwards"), digits=3, otherwise=DEFAULT_MAX_FORWARDS)

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method (§20.16); 0 and '' when they cannot be read."""
        number, _, method = " ".join(self.header("cseq").split()).partition(" ")
        value = _number(number, digits=10, otherwise=-1)
        return (value, method) if value >= 0 else (0, "")

    @property
    def final_reason(self) -> str:
        """Why the response came: its Reason header as text (RFC 3326, RFC 6432), else its phrase; '' for a request."""
        if not self.is_response:
            return ""
        given = self.header("reason") or self.start_line[len("SIP/2.0 200") :].strip()
        return given[: wire.REASON]

    @cached_property
    def _lines(self) -> list[str]:
        """The start line, and each header on one line (§7.3.1)."""
        head = _head(self.text)
        if "\r\n " in head or "\r\n\t" in head:
            head = re.sub(r"\r\n[ \t]+", " ", head)
        return head.split("\r\n")

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            key = name.lower()
            found.setdefault(COMPACT.get(key, key), []).append(value)
        return found


def _head(message: str) -> str:
    """Without the body.  A CR or LF alone ends a line, as it does for the engine."""
    head = message.partition("\r\n\r\n")[0]
    if head.count("\n") == head.count("\r") == head.count("\r\n"):
        return head
    return re.sub(r"\r\n|\r|\n", "\r\n", head).partition("\r\n\r\n")[0]


def _number(text: str, *, digits: int, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else otherwise
