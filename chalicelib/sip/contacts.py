"""The Contact headers of a REGISTER and of a 3xx (RFC 3261 §8.1.3.4, §10.2.1, §20.10, §25.1).

Both are split in the same places.  A REGISTER with a contact that cannot be read is refused; in a 3xx such a contact is
passed over, and the others count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from ..catalogue import Code
from . import wire
from .errors import InvalidAddressError, InvalidSipUri
from .name_addr import address_of, read_address
from .uri import SipUri, is_sip, parse_uri, read_uri

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
    """The contacts in the ``values`` of all Contact headers of a REGISTER; None for ``*``, which stands alone.

    Raises InvalidAddressError, also for what is no ``sip:`` or ``sips:`` URI.
    """
    texts = list(_texts(values))
    if [text.strip() for text in texts] == ["*"]:
        return None
    if len(texts) > MOST:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, f"more than {MOST} contacts")
    return tuple(map(_contact, texts))


def redirect_targets(values: tuple[str, ...]) -> tuple[str, ...]:
    """The SIP URIs in the ``values`` of all Contact headers of a 3xx, the most wanted (q) first.

    Without headers, which would be headers that the customer did not write, and without password.
    """
    found = [place for text in _texts(values) if (place := _place(text)) is not None]
    found.sort(key=lambda place: -place[0])
    return tuple(dict.fromkeys(uri for _, uri in found))[: wire.CONTACTS]


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
    address, given = _parts(text)
    try:
        uri = parse_uri(address_of(address).uri)
    except InvalidSipUri as error:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, error.message) from None
    q = _q(given)
    if q is None:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the q of a contact is not between 0 and 1")
    return ContactValue(parse_uri(uri.without_headers), q, read_seconds(given.get("expires", "")))


def _place(text: str) -> tuple[float, str] | None:
    """q and URI of a place to call instead; None when it cannot be called.  A q that cannot be read counts as 1."""
    address, given = _parts(text)
    written = read_address(address).uri
    if not is_sip(written) or " " in written or not written.isprintable():
        return None
    uri = read_uri(written)
    if not uri.host or len(uri.without_headers) > wire.URI:
        return None
    q = _q(given)
    return 1.0 if q is None else q, uri.without_headers


def _q(given: dict[str, str]) -> float | None:
    """1 when it is not given (§20.10); None when it cannot be read."""
    q = given.get("q", "1")
    return float(q) if _Q.fullmatch(q) else None


def _parts(text: str) -> tuple[str, dict[str, str]]:
    """The address, and the parameters behind it by their name in lower case."""
    address, *parameters = _split(text, ";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return address, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _texts(values: tuple[str, ...]) -> Iterator[str]:
    return (text for value in values for text in _split(value, ",") if text.strip())


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
