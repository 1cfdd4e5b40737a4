"""The NOTIFYs that tell how a REFER within a call went (RFC 3515); which REFER is accepted: `chalicelib.sip.refer`.

What is to be done about it the engine decides; the SIP engine only answers (signaling/engine/native/refer.patch).
"""

from __future__ import annotations

from typing import Any

import pjsua2 as pj

from chalicelib.sip.refer import Refer
from chalicelib.sip.status import Status, is_final

from ..engine.requests import add_header

PHRASES: dict[int, str] = {
    Status.TRYING: "Trying",
    Status.OK: "OK",
    Status.SERVICE_UNAVAILABLE: "Service Unavailable",
    Status.DECLINE: "Decline",
}


def notification(refer: Refer, first: int, code: int) -> Any:
    """The NOTIFY that says ``code``.  ``first``: CSeq of the call's first REFER, whose Event has no id (§2.4.6)."""
    parameters = pj.CallSendRequestParam()
    parameters.method = "NOTIFY"
    event = "refer" if refer.cseq == first else f"refer;id={refer.cseq}"
    state = "terminated;reason=noresource" if is_final(code) else "active;expires=60"
    add_header(parameters, "Event", event)
    add_header(parameters, "Subscription-State", state)
    parameters.txOption.contentType = "message/sipfrag;version=2.0"
    parameters.txOption.msgBody = f"SIP/2.0 {code} {PHRASES.get(code, 'Refused')}\r\n"
    return parameters
