"""Who is told what happens to a leg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chalicelib.calls.session import Headers
from chalicelib.sip.refer import Refer

if TYPE_CHECKING:
    from .leg import Leg


class Owner(Protocol):
    """Who is told what happens to a leg; always on the loop, never inside one of the engine's callbacks."""

    def leg_invited(self, leg: Leg) -> None:
        """The INVITE is out."""

    def leg_provisional(self, leg: Leg, code: int, reason: str) -> None:
        """It rings: 180 or 183."""

    def leg_answered(self, leg: Leg, headers: Headers) -> None:
        """The call is up."""

    def leg_media(self, leg: Leg) -> None:
        """``leg.audio`` can be connected."""

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """A key, once per press."""

    def leg_referred(self, leg: Leg, refer: Refer) -> None:
        """A REFER that was accepted."""

    def leg_ended(self, leg: Leg, code: int, reason: str, headers: Headers, error: int) -> None:
        """It is over; the last word about it."""


class Nobody:
    """The owner of a leg that counts no more."""

    def leg_invited(self, leg: Leg) -> None:
        """See Owner."""

    def leg_provisional(self, leg: Leg, code: int, reason: str) -> None:
        """See Owner."""

    def leg_answered(self, leg: Leg, headers: Headers) -> None:
        """See Owner."""

    def leg_media(self, leg: Leg) -> None:
        """See Owner."""

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """See Owner."""

    def leg_referred(self, leg: Leg, refer: Refer) -> None:
        """See Owner."""

    def leg_ended(self, leg: Leg, code: int, reason: str, headers: Headers, error: int) -> None:
        """See Owner."""


NOBODY = Nobody()
