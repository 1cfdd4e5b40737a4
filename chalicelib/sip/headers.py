"""The headers that a URI asks for on its INVITE (docs/contract.md §3).

A bad header is left out with a warning and the call goes on.  What must not happen is a header that the
customer did not write: after decoding, a value may hold no control character, or ``%0d%0a`` would begin a
header of its own.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from ..catalogue import Code
from .characters import TOKEN
from .errors import SipWarning
from .uri import SipUri

AS_THEY_ARE = {
    name.lower(): name
    for name in (
        "User-to-User",  # RFC 7433
        "Remote-Party-ID",  # draft-ietf-sip-privacy, still what PBXs speak
        "P-Preferred-Identity",  # RFC 3325
        "P-Called-Party-ID",  # RFC 7315
    )
}
"""Names that get no ``X-`` before them, by their lower case."""

RESERVED_PREFIX = "x-callapi-"

MAX_SHOWN = 40

Headers = tuple[tuple[str, str], ...]


def invite_headers(uri: SipUri) -> tuple[Headers, tuple[SipWarning, ...]]:
    """The headers for the INVITE, in the order written, and a warning for each that was left out.

    Names and values are decoded once as UTF-8; ``+`` stays ``+`` (it is no space in SIP).
    """
    headers: list[tuple[str, str]] = []
    warnings: list[SipWarning] = []
    for raw_name, raw_value in uri.headers:
        judged = _header(raw_name, raw_value)
        if isinstance(judged, SipWarning):
            warnings.append(judged)
        else:
            headers.append(judged)
    return tuple(headers), tuple(warnings)


def _header(raw_name: str, raw_value: str) -> tuple[str, str] | SipWarning:
    name = _decoded(raw_name)
    if not name or not TOKEN.issuperset(name):
        return SipWarning(Code.HEADER_NAME_ILLEGAL, f"{_shown(raw_name)} is no header name: left out")
    name = _prefixed(name)
    if name.lower().startswith(RESERVED_PREFIX):
        return SipWarning(Code.HEADER_NAME_RESERVED, f"{_shown(name)} is reserved: left out")
    value = _decoded(raw_value)
    if value is None or not _is_printable(value):
        return SipWarning(
            Code.HEADER_VALUE_ILLEGAL, f"the value of {_shown(name)} cannot be in a header: left out"
        )
    return name, value.strip(" ")


def _prefixed(name: str) -> str:
    lower = name.lower()
    if lower in AS_THEY_ARE:
        return AS_THEY_ARE[lower]
    return name if lower.startswith("x-") else f"X-{name}"


def _decoded(text: str) -> str | None:
    """Percent-decoded once; None when the bytes are no UTF-8."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError:
        return None


def _is_printable(value: str) -> bool:
    """No control of any kind: C0, DEL, C1 (NEL is a line end to some), U+2028 and U+2029."""
    return not any(char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029" for char in value)


def _shown(name: str) -> str:
    """At most MAX_SHOWN printable characters of a name that a stranger wrote."""
    return "".join(char if char.isprintable() else "?" for char in name[:MAX_SHOWN]) or "an empty name"
