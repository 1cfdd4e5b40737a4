"""The values of From, To, Contact and Reason headers."""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue import Code
from .errors import InvalidAddressError

MAX_HEADER = 8192
"""Characters; a longer value is no address that anybody wrote."""


class Address(NamedTuple):
    """``uri`` is as written, without the header parameters behind it."""

    display_name: str
    uri: str


class Reason(NamedTuple):
    """RFC 3326: why a request was sent.  ``cause`` is None when the header has none."""

    protocol: str
    cause: int | None
    text: str


def address_of(header_value: str) -> Address:
    """Read ``name-addr / addr-spec`` with the parameters behind it (RFC 3261 §20.10, §25.1).

    ``"Alice \\"A\\"" <sip:alice@example.com>;tag=1`` → (``Alice "A"``, ``sip:alice@example.com``).  Without
    ``<>`` a ``;`` ends the URI.  Raises `InvalidAddressError`.
    """
    text = header_value.strip()
    if len(text) > MAX_HEADER or not text.isprintable():
        raise InvalidAddressError(
            Code.SIP_PARSE_FAILURE, "the address is too long or has a control character"
        )
    name, rest = _display_name(text)
    if rest.startswith("<"):
        uri, bracket, _ = rest[1:].partition(">")
        if not bracket:
            raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the address has no closing >")
    else:
        uri = rest.partition(";")[0]
    uri = uri.strip()
    if ":" not in uri or " " in uri:
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the address has no URI")
    return Address(name, uri)


def _display_name(text: str) -> tuple[str, str]:
    """display-name = *( token LWS ) / quoted-string, and what follows it."""
    if text.startswith('"'):
        return _quoted(text)
    name, bracket, rest = text.partition("<")
    return (name.strip(), bracket + rest) if bracket else ("", text)


def _quoted(text: str) -> tuple[str, str]:
    """quoted-string: ``\\`` makes the next character stand for itself.  ``text`` begins with the quote."""
    name: list[str] = []
    characters = iter(enumerate(text[1:], start=1))
    for place, character in characters:
        if character == '"':
            return "".join(name), text[place + 1 :].strip()
        name.append(next(characters, (0, ""))[1] if character == "\\" else character)
    raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the display name has no closing quote")


def reason_of(header: str) -> Reason | None:
    """Read the first value of a Reason header, such as ``SIP ;cause=200 ;text="Call completed elsewhere"``.

    None when it is not one: a Reason is only ever a hint.
    """
    pieces = _split_outside_quotes(header[:MAX_HEADER])
    protocol = pieces[0].strip()
    if not protocol or " " in protocol:
        return None
    parameters = {
        name.strip().lower(): value.strip() for name, _, value in (p.partition("=") for p in pieces[1:])
    }
    cause = parameters.get("cause", "")
    text = parameters.get("text", "")
    return Reason(
        protocol=protocol,
        cause=int(cause) if cause.isascii() and cause.isdigit() and len(cause) <= 3 else None,
        text=_unquoted(text),
    )


def _unquoted(text: str) -> str:
    try:
        return _quoted(text)[0] if text.startswith('"') else text
    except InvalidAddressError:
        return ""


def _split_outside_quotes(text: str) -> list[str]:
    """The pieces between ``;`` up to the first ``,``, neither of them inside quotes."""
    pieces = [""]
    quoted = escaped = False
    for character in text:
        if not quoted and character == ",":
            break
        if not quoted and character == ";":
            pieces.append("")
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and character == "\\" and not escaped
        pieces[-1] += character
    return pieces
