"""What can be wrong with a SIP URI or a SIP header, as values and as one small exception tree.

    SipError
    ├── InvalidSipUri         13243 the URI, 13253 its header part: the noun cannot be dialled
    └── InvalidAddressError      32100 a From, To or Contact value that is no address

A `SipWarning` never stops anything.  Codes are those of the product's one catalogue
(`chalicelib.catalogue`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SipWarning:
    """Something was left out or read as its default."""

    code: int
    message: str


class SipError(Exception):
    """``code`` is of the catalogue."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class InvalidSipUri(SipError):  # noqa: N818 - the name of a thing that is wrong, as in httpx.InvalidURL
    """13243 or 13253."""


class InvalidAddressError(SipError):
    """32100."""
