"""REFER within a call (RFC 3515): which one is under way, and the NOTIFYs that tell how it went.

What a REFER asks for, and whether it is accepted, is read by `chalicelib.sip.refer`.
What is to be done about it the engine decides; the SIP engine only answers (signaling/engine/native/refer.patch).
"""

from __future__ import annotations

from chalicelib.sip.message import Message
from chalicelib.sip.refer import Refer, judged
from chalicelib.sip.status import Status, is_final

from ..engine.call import SipCall

PHRASES: dict[int, str] = {
    Status.TRYING: "Trying",
    Status.OK: "OK",
    Status.SERVICE_UNAVAILABLE: "Service Unavailable",
    Status.DECLINE: "Decline",
}


class Refers:
    """The REFERs of one leg: at most one is under way."""

    def __init__(self) -> None:
        self._refer: Refer | None = None
        self._first = 0

    def came(self, message: Message) -> tuple[int, Refer | None]:
        """The response to a REFER, and what it asks for when that is 202.  Only one at a time."""
        if self._refer is not None:
            return Status.DECLINE, None
        code, self._refer = judged(message)
        if self._refer is not None:
            self._first = self._first or self._refer.cseq
        return code, self._refer

    def tell(self, call: SipCall, code: int) -> None:
        """NOTIFY with ``code`` about the one that is under way; nothing to a transferor who wants none.

        Raises CallGoneError.  The Event of the call's first REFER has no id (§2.4.6).
        """
        refer = self._refer
        if refer is None:
            return
        if is_final(code):
            self._refer = None
        if not refer.silent:
            event = "refer" if refer.cseq == self._first else f"refer;id={refer.cseq}"
            state = "terminated;reason=noresource" if is_final(code) else "active;expires=60"
            call.notify(event, state, f"SIP/2.0 {code} {PHRASES.get(code, 'Refused')}\r\n")
