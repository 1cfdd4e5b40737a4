"""The SIP engine's own object of an account, and what tells one account from another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pjsua2 as pj

from chalicelib.sip.message import Message
from chalicelib.sip.wire import repaired

_log = logging.getLogger(__name__)

OnIncoming = Callable[["SipAccount", int, Message, str], None]


@dataclass(frozen=True)
class AccountKey:
    """What an account is for: digest credentials, and the address to send to when the URI has a host name.

    ``secure_media``: SRTP or no call.
    """

    username: str = ""
    password: str = ""
    next_hop: str = ""
    secure_media: bool = False
    ipv6: bool = False

    def __repr__(self) -> str:
        return f"AccountKey({self.next_hop})"


class SipAccount(pj.Account):
    """Receives INVITEs.  ``legs`` counts the calls that hold it."""

    def __init__(self, on_incoming: OnIncoming) -> None:
        super().__init__()
        self.legs = 0
        self._on_incoming = on_incoming

    def onIncomingCall(self, prm: Any) -> None:
        """The wire's text is copied here: the engine frees it after the callback."""
        try:
            message = Message(repaired(prm.rdata.wholeMsg))
            self._on_incoming(self, prm.callId, message, repaired(prm.rdata.srcAddress))
        except Exception:  # noqa: BLE001  an exception in a callback would be swallowed without a trace
            _log.exception("incoming call")
