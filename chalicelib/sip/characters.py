"""The character sets of RFC 3261 §25.1, under the names it gives them."""

from __future__ import annotations

ALPHA = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGIT = frozenset("0123456789")
HEXDIG = DIGIT | frozenset("abcdefABCDEF")
ALPHANUM = ALPHA | DIGIT

MARK = frozenset("-_.!~*'()")
UNRESERVED = ALPHANUM | MARK

USER = UNRESERVED | frozenset("&=+$,;?/")  # user = 1*( unreserved / escaped / user-unreserved )
PASSWORD = UNRESERVED | frozenset(
    "&=+$,"
)  # password = *( unreserved / escaped / "&" / "=" / "+" / "$" / "," )
PARAMETER = UNRESERVED | frozenset("[]/:&+$")  # paramchar = param-unreserved / unreserved / escaped
HEADER = UNRESERVED | frozenset("[]/?:+$")  # hname, hvalue = ( hnv-unreserved / unreserved / escaped )
TOKEN = ALPHANUM | frozenset("-.!%*_+`'~")  # token: header and method names
HOSTNAME = ALPHANUM | frozenset("-.")  # letters, digits and hyphens in labels
IPV6 = HEXDIG | frozenset(":.")  # IPv6reference, between the brackets


def escaped_only(text: str, allowed: frozenset[str]) -> bool:
    """Whether ``text`` consists of ``allowed`` characters and of escapes ``%XX`` (escaped = "%" HEXDIG
    HEXDIG)."""
    if "%" not in text:
        return allowed.issuperset(text)
    first, *escapes = text.split("%")
    return allowed.issuperset(first) and all(
        len(piece) >= 2 and HEXDIG.issuperset(piece[:2]) and allowed.issuperset(piece[2:])
        for piece in escapes
    )
