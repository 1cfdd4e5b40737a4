"""The values of From, To, Contact, Refer-To and their kind: ``name-addr / addr-spec`` (RFC 3261 §20.10, §25.1).

``"Alice \\"A\\"" <sip:alice@example.com>;tag=1`` → (``Alice "A"``, ``sip:alice@example.com``).  Without ``<>`` a ``;``
ends the URI.  Linear in the length of the value: it comes from strangers.
"""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue import Code
from .errors import InvalidAddressError
from .uri import is_sip

MAX_HEADER = 8192
"""Characters; a longer value is no address that anybody wrote."""


class Address(NamedTuple):
    """``uri`` is as written, without the header parameters behind it."""

    display_name: str
    uri: str


def read_address(value: str) -> Address:
    """The address in a value that a peer sent.  Never raises: when the value is no address, ``uri`` is its text up to
    the first ``;``.
    """
    text = value.strip()
    return _address(text) or Address("", text.partition(";")[0].strip())


def address_of(value: str) -> Address:
    """The same, for a value that has to be an address.  Raises `InvalidAddressError`."""
    text = value.strip()
    if len(text) > MAX_HEADER or not text.isprintable():
        raise InvalidAddressError(
            Code.SIP_PARSE_FAILURE, "the address is too long or has a control character"
        )
    address = _address(text)
    if address is None:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the address has no closing quote or no closing >")
    if ":" not in address.uri or " " in address.uri:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the address has no URI")
    return address


def from_header(uri: str, name: str, host: str) -> str:
    """A From value: ``uri`` is a SIP URI, or a bare user that gets our ``host``."""
    full = uri if is_sip(uri) else f"sip:{uri or 'anonymous'}@{host}"
    full = full.replace("<", "").replace(">", "")
    shown = "".join(character for character in name if character.isprintable())
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{full}>' if shown else f"<{full}>"


def _address(text: str) -> Address | None:
    """None when a quote or a bracket is never closed."""
    found = _display_name(text)
    if found is None:
        return None
    name, rest = found
    if not rest.startswith("<"):
        return Address(name, rest.partition(";")[0].strip())
    uri, closed, _ = rest[1:].partition(">")
    return Address(name, uri.strip()) if closed else None


def _display_name(text: str) -> tuple[str, str] | None:
    """display-name = *( token LWS ) / quoted-string, and what follows it."""
    if text.startswith('"'):
        return _quoted(text)
    name, bracket, rest = text.partition("<")
    return (name.strip(), bracket + rest) if bracket else ("", text)


def _quoted(text: str) -> tuple[str, str] | None:
    """quoted-string: ``\\`` makes the next character stand for itself.  ``text`` begins with the quote."""
    end = text.find('"', 1)
    if "\\" not in text[:end]:  # the usual name
        return (text[1:end], text[end + 1 :].lstrip()) if end > 0 else None
    name: list[str] = []
    characters = iter(enumerate(text[1:], start=1))
    for place, character in characters:
        if character == '"':
            return "".join(name), text[place + 1 :].lstrip()
        name.append(next(characters, (0, ""))[1] if character == "\\" else character)
    return None
