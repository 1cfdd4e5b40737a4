"""The Contact headers of a REGISTER (RFC 3261 §10.2.1, §20.10, §25.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from ..catalogue import Code
from .errors import InvalidAddressError, InvalidSipUri
from .name_addr import address_of
from .uri import SipUri, parse_uri

MOST = 32
"""Contacts in one message; nobody has as many telephones behind one."""
# A URI with one of these never equals one without it (§19.1.4).
TELLING = frozenset({"user", "ttl", "method", "maddr", "transport"})
_Q = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")  # qvalue
_SECONDS = re.compile(r"[0-9]{1,10}")  # delta-seconds


@dataclass(frozen=True, slots=True)
class ContactValue:
    """``uri`` without headers and password.  ``expires`` in seconds, None when it does not say."""

    uri: SipUri
    q: float = 1.0
    expires: int | None = None


def read_contacts(values: tuple[str, ...]) -> tuple[ContactValue, ...] | None:
    """The contacts in the ``values`` of all Contact headers of a message; None for ``*``, which stands alone.

    Raises InvalidAddressError, also for what is no ``sip:`` or ``sips:`` URI.
    """
    texts = [text for value in values for text in _split(value, ",") if text.strip()]
    if [text.strip() for text in texts] == ["*"]:
        return None
    if len(texts) > MOST:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, f"more than {MOST} contacts")
    return tuple(map(_contact, texts))


def read_seconds(text: str) -> int | None:
    """delta-seconds; None for anything else, which §10.2.1.1 has us take for no value at all."""
    return int(text) if _SECONDS.fullmatch(text.strip()) else None


def same_address(one: SipUri, other: SipUri) -> bool:
    """Whether two URIs are equal by §19.1.4: parameters that only one of them has do not tell, but for some."""
    if (one.scheme, unquote(one.user), one.host, one.port) != (
        other.scheme, unquote(other.user), other.host, other.port,
    ):  # fmt: skip
        return False
    first, second = _parameters(one), _parameters(other)
    if any(first[name] != second[name] for name in first.keys() & second.keys()):
        return False
    return not TELLING & (first.keys() ^ second.keys())


def _parameters(uri: SipUri) -> dict[str, str]:
    return {name.lower(): (value or "").lower() for name, value in uri.parameters}


def _contact(text: str) -> ContactValue:
    address, *parameters = _split(text, ";")
    try:
        uri = parse_uri(address_of(address).uri)
    except InvalidSipUri as error:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, error.message) from None
    given = {name.strip().lower(): value.strip() for name, _, value in (p.partition("=") for p in parameters)}
    q = given.get("q", "1")
    if not _Q.fullmatch(q):
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the q of a contact is not between 0 and 1")
    return ContactValue(parse_uri(uri.without_headers), float(q), read_seconds(given.get("expires", "")))


def _split(text: str, separator: str) -> Iterator[str]:
    """The pieces of ``text`` between ``separator`` where it is neither in quotes nor in ``<>``."""
    start = 0
    quoted = escaped = bracketed = False
    for place, character in enumerate(text):
        if quoted:
            quoted = character != '"' or escaped
            escaped = character == "\\" and not escaped
        elif character == '"' and not bracketed:
            quoted, escaped = True, False
        elif character in "<>":
            bracketed = character == "<"
        elif character == separator and not bracketed:
            yield text[start:place]
            start = place + 1
    yield text[start:]
