"""Where the INVITE of a noun goes, and with which credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ... import sip
from ..commands import OutboundLeg
from ..session import Headers
from .policy import HostRules


class NoRouteError(Exception):
    """The noun cannot be dialled: ``code`` of the catalogue, and a message that shows no secret."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Route:
    """``uri`` is the Request-URI with the custom headers; the other fields are those of `commands.OutboundLeg`.

    ``from_host``: the host of From where the caller is no SIP URI; empty: ours.
    """

    uri: sip.SipUri
    to: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    credential_ref: str = ""
    rules: HostRules | None = None
    proxy: str = ""
    received: str = ""
    from_host: str = ""

    def leg(self, *, call: str, caller: str, headers: Headers, **fields: Any) -> OutboundLeg:
        """The leg of ``call`` that goes this way; ``fields`` are those of `commands.OutboundLeg` that every way has alike."""
        return OutboundLeg(
            call=call,
            uri=self.uri.without_headers,
            to=self.to,
            from_uri=self._sender(caller),
            headers=headers,
            username=self.username,
            password=self.password,
            credential_ref=self.credential_ref,
            rules=self.rules,
            proxy=self.proxy,
            received=self.received,
            **fields,
        )

    def _sender(self, caller: str) -> str:
        """``caller`` as the From of this leg."""
        if not self.from_host:
            return caller
        try:
            user = sip.parse_uri(caller).user
        except sip.InvalidSipUri:
            user = caller
        return f"sip:{user}@{self.from_host}" if user else caller


def route_uri(text: str) -> sip.SipUri:
    """``text`` as a SIP URI.  Raises NoRouteError with the code of what is wrong with it."""
    try:
        return sip.parse_uri(text)
    except sip.InvalidSipUri as error:
        raise NoRouteError(error.code, error.message) from None
