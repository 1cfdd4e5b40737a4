"""The few things that are read from the text of a SIP message (RFC 3261 §7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import wire

Headers = tuple[tuple[str, str], ...]
"""Names and values, in the order of the message."""

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
# A quoted name may hold brackets.  Linear in the length of the value: it comes from strangers.
_NAME_ADDR = re.compile(r'("(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^>]*)>')
_USER_PART = re.compile(r"^sips?:(?:([^@]*)@)?([^;?>]*)", re.IGNORECASE)


def header_lines(message: str) -> Iterator[tuple[str, str]]:
    """Name (as received) and value of each header; folded lines are joined (§7.3.1)."""
    head = _head(message)
    if "\r\n " in head or "\r\n\t" in head:
        head = re.sub(r"\r\n[ \t]+", " ", head)
    for line in head.split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            yield name.rstrip(), value.strip()


def _head(message: str) -> str:
    """Without the body.  A CR or LF alone ends a line, as it does for the engine."""
    head = message.partition("\r\n\r\n")[0]
    if head.count("\n") == head.count("\r") == head.count("\r\n"):
        return head
    return re.sub(r"\r\n|\r|\n", "\r\n", head).partition("\r\n\r\n")[0]


def x_headers(message: str) -> Headers:
    """The X- headers, in the order and case received, within the bounds of ``wire``: the first ones win."""
    if "\nx-" not in message and "\nX-" not in message:
        return ()
    kept: list[tuple[str, str]] = []
    left = wire.X_HEADER_TEXT
    for name, value in header_lines(message):
        if name[:2] not in ("X-", "x-") or len(name) > wire.HEADER_NAME or not _TOKEN.fullmatch(name):
            continue
        value = value[: wire.HEADER_VALUE]
        left -= len(name) + len(value)
        if left < 0 or len(kept) == wire.X_HEADERS:
            break
        kept.append((name, value))
    return tuple(kept)


def header(message: str, *names: str) -> str:
    """The first value under one of ``names`` (lower case; give the compact form too), or empty."""
    return next((value for name, value in header_lines(message) if name.lower() in names), "")


def max_forwards(message: str) -> int:
    """How many hops a request may still go; 70 when it does not say (RFC 3261 §16.3, item 3)."""
    value = header(message, "max-forwards")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 3 else 70


def final_reason(message: str) -> str:
    """Why the response came: its Reason header (RFC 3326, RFC 6432), else its phrase; empty for no response."""
    if not message.startswith("SIP/2.0 "):
        return ""
    given = header(message, "reason")
    if not given:
        given = _head(message).partition("\r\n")[0][len("SIP/2.0 200") :].strip()
    return given[: wire.REASON]


def request_uri(message: str) -> str:
    """Of the first line of a request."""
    return message.partition(" ")[2].partition(" ")[0]


def is_too_long(uri: str) -> bool:
    """Whether a Request-URI is answered with 414: its host, or the number in its place, can be nobody's."""
    host = host_of(uri) or uri.partition(":")[2].partition(";")[0]
    return len(uri) > wire.URI or len(host) > wire.HOST


def address_uri(value: str) -> str:
    """The URI of a From, To or Diversion value."""
    found = _NAME_ADDR.match(value)
    return found.group(2) if found else value.partition(";")[0].strip()


def display_name(value: str) -> str:
    """The display name of a From value, without its quotes and their escapes."""
    found = _NAME_ADDR.match(value)
    name = found.group(1).strip() if found else ""
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def host_of(uri: str) -> str:
    """Host without port, lower case."""
    found = _USER_PART.match(uri)
    host = found.group(2) if found else ""
    return (host if host.startswith("[") else host.partition(":")[0]).lower()


def port_of(uri: str) -> int:
    """The port; 5060 when the URI has none."""
    found = _USER_PART.match(uri)
    digits = found.group(2).rpartition(":")[2] if found and ":" in found.group(2) else ""
    return int(digits) if digits.isdigit() else 5060


def from_header(uri: str, name: str, host: str) -> str:
    """A From value: ``uri`` is a SIP URI, or a bare user that gets our ``host``."""
    full = uri if uri.lower().startswith(("sip:", "sips:")) else f"sip:{uri or 'anonymous'}@{host}"
    full = full.replace("<", "").replace(">", "")
    shown = "".join(character for character in name if character.isprintable())
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{full}>' if shown else f"<{full}>"
