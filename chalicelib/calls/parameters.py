"""The request parameters that customers see (CONTRACT §2, §3, §5), made from the state of a call.

They are made when the event happens, not when the request goes out: a callback that is delivered late still tells
what was true then.  An empty parameter is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate

import msgspec

from ..sip.status import Status
from .session import Call, CallEvent, CallStatus, Dial, Headers, Session

API_VERSION = "2012-04-24"


def voice_parameters(session: Session, call: Call) -> dict[str, str]:
    """The standard voice request parameters of ``call`` (CONTRACT §5)."""
    parameters = {
        "CallSid": call.sid,
        "AccountSid": session.account_sid,
        "From": call.from_,
        "To": call.to,
        "CallStatus": call.status,
        "ApiVersion": API_VERSION,
        "Direction": call.direction,
        "CallerName": call.caller_name,
        "ForwardedFrom": call.forwarded_from,
        "ParentCallSid": call.parent_sid,
        "SipCallId": call.sip_call_id,
        "SipSourceIp": call.sip_source_ip,
        "SipDomain": call.sip_domain,
    }
    parameters |= header_parameters("SipHeader_", call.headers)
    return {name: value for name, value in parameters.items() if value}


def header_parameters(prefix: str, headers: Headers) -> dict[str, str]:
    """One parameter for each X- header, the name in the case received, repeats joined with a comma."""
    joined: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in headers:
        if name[:2].lower() != "x-":
            continue
        key = names.setdefault(name.lower(), prefix + name)
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def callback_parameters(
    session: Session, call: Call, event: CallEvent, status: CallStatus, at: float
) -> dict[str, str]:
    """The parameters of a status callback (CONTRACT §3, Status callbacks)."""
    parameters = voice_parameters(session, call) | {
        "CallStatus": status,
        "Timestamp": formatdate(at, usegmt=False, localtime=False).replace("-0000", "+0000"),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(call.sequence),
        "StatusCallbackEvent": event,
    }
    if event == "completed":
        parameters["CallDuration"] = str(duration(call))
        if call.sip_code:
            parameters["SipResponseCode"] = str(call.sip_code)
        if call.sip_reason:
            parameters["SipResponseReason"] = call.sip_reason
        if call.error:
            parameters["ErrorCode"] = str(call.error)
    return parameters


def duration(call: Call) -> int:
    """Whole seconds from the answer to the end; 0 when never answered."""
    if call.answered_at is None or call.ended_at is None:
        return 0
    return max(0, int(call.ended_at - call.answered_at))


def ring_duration(call: Call, at: float) -> int:
    """Whole seconds from the start of the call to its answer, or to its end (``at`` while it has none)."""
    stop = call.answered_at or call.ended_at or at
    return max(0, int(stop - call.created_at))


def dial_parameters(
    dial: Dial, legs: Iterable[Call], chosen: Call, status: CallStatus, at: float
) -> dict[str, str]:
    """What the action request of a Dial adds (CONTRACT §2); ``chosen`` is the leg that stands for the Dial."""
    talked = int(at - dial.bridged_at) if dial.bridged else 0
    parameters = {
        "DialCallStatus": status,
        "DialCallSid": chosen.sid,
        "DialCallDuration": str(max(0, talked)),
        "DialBridged": "true" if dial.bridged else "false",
        "DialRingDuration": str(ring_duration(chosen, at)),
        "DialSipCallId": chosen.sip_call_id,
        "DialSipResponseCode": str(final_code(chosen) or ""),
        "DialLegs": msgspec.json.encode([_leg_report(leg, at) for leg in legs]).decode(),
    }
    parameters |= header_parameters("DialSipHeader_", chosen.final_headers)
    return {name: value for name, value in parameters.items() if value}


def final_code(leg: Call) -> int:
    """The final response to the leg's INVITE; while it is outstanding, what our decision stands for.

    A limit that passed counts as 408 (RFC 3261 §16.7, timer C), our own CANCEL as 487 (§9.2); 0 = none.
    """
    if leg.sip_code:
        return leg.sip_code
    return {"no-answer": Status.REQUEST_TIMEOUT, "canceled": Status.REQUEST_TERMINATED}.get(leg.ending, 0)


def _leg_report(leg: Call, at: float) -> dict[str, str | int]:
    status = leg.status if leg.over else (leg.ending or leg.status)
    ended = leg.ended_at if leg.ended_at is not None else at
    report: dict[str, str | int] = {
        "sid": leg.sid,
        "to": leg.to,
        "status": status,
        "sipCode": final_code(leg),
        "sipReason": leg.sip_reason,
        "sipCallId": leg.sip_call_id,
        "ringDuration": ring_duration(leg, at),
        "duration": max(0, int(ended - leg.answered_at)) if leg.answered_at is not None else 0,
    }
    if leg.error:
        report["errorCode"] = leg.error
    return report
