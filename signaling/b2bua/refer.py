"""REFER within a call (RFC 3515): which of them the task accepts, and the NOTIFYs that tell how it went.

What is to be done about it the engine decides; the SIP engine only answers (signaling/engine/native/refer.patch).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pjsua2 as pj

from chalicelib.sip.message import address_uri, header
from chalicelib.sip.status import Status, is_final
from chalicelib.sip.wire import URI

from ..engine.requests import add_header

PHRASES: dict[int, str] = {
    Status.TRYING: "Trying",
    Status.OK: "OK",
    Status.SERVICE_UNAVAILABLE: "Service Unavailable",
    Status.DECLINE: "Decline",
}
_METHOD = re.compile(r";method=(?!INVITE\b)", re.IGNORECASE)
_REPLACES = re.compile(r"[?&]Replaces=", re.IGNORECASE)


@dataclass(frozen=True)
class Refer:
    """A REFER that was accepted.  ``silent``: the transferor wants no NOTIFY (RFC 4488).  ``cseq``: of the request."""

    target: str
    referred_by: str
    silent: bool
    cseq: int


def judged(message: str) -> tuple[int, Refer | None]:
    """The response to the REFER ``message``, and what it asks for when that is 202.

    501 for what we cannot do: a method other than INVITE (§2.4.1), and a transfer that replaces another call of the
    target (RFC 3891), because that call is not ours to replace.
    """
    target = address_uri(header(message, "refer-to", "r"))
    if not target.lower().startswith(("sip:", "sips:", "tel:")) or len(target) > URI:
        return Status.BAD_REQUEST, None
    if not target.isprintable() or " " in target:
        return Status.BAD_REQUEST, None
    if _METHOD.search(target) or _REPLACES.search(target):
        return Status.NOT_IMPLEMENTED, None
    by = address_uri(header(message, "referred-by", "b"))
    silent = header(message, "refer-sub").lower().startswith("false")
    number = header(message, "cseq").partition(" ")[0]
    return Status.ACCEPTED, Refer(
        target, by if by.isprintable() and len(by) <= URI else "", silent, int(number or 0)
    )


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
