"""The request parameters that customers see (docs/contract.md §5), made from the state of a call.

They are made when the event happens, not when the request goes out: a callback that is delivered late still tells
what was true then.  An empty parameter is left out.
"""

from __future__ import annotations

from ..sip.headers import Headers
from .session import Call, Session

API_VERSION = "2012-04-24"


def voice_parameters(session: Session, call: Call) -> dict[str, str]:
    """The standard voice request parameters of ``call`` (docs/contract.md §5)."""
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


def duration(call: Call) -> int:
    """Whole seconds from the answer to the end; 0 when never answered."""
    if call.answered_at is None or call.ended_at is None:
        return 0
    return max(0, int(call.ended_at - call.answered_at))


def ring_duration(call: Call, at: float) -> int:
    """Whole seconds from the start of the call to its answer, or to its end (``at`` while it has none)."""
    stop = call.answered_at or call.ended_at or at
    return max(0, int(stop - call.created_at))
