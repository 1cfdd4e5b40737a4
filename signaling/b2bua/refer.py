"""The NOTIFYs that tell how a REFER within a call went (RFC 3515); which REFER is accepted: `chalicelib.sip.refer`.

What is to be done about it the engine decides; the SIP engine only answers (signaling/engine/native/refer.patch).
"""

from __future__ import annotations

from chalicelib.sip.refer import Refer
from chalicelib.sip.status import Status, is_final

from ..engine.call import SipCall

PHRASES: dict[int, str] = {
    Status.TRYING: "Trying",
    Status.OK: "OK",
    Status.SERVICE_UNAVAILABLE: "Service Unavailable",
    Status.DECLINE: "Decline",
}


def notify(call: SipCall, refer: Refer, first: int, code: int) -> None:
    """Send the NOTIFY that says ``code``.  Raises CallGoneError.

    ``first``: CSeq of the call's first REFER, whose Event has no id (§2.4.6).
    """
    event = "refer" if refer.cseq == first else f"refer;id={refer.cseq}"
    state = "terminated;reason=noresource" if is_final(code) else "active;expires=60"
    call.notify(event, state, f"SIP/2.0 {code} {PHRASES.get(code, 'Refused')}\r\n")
