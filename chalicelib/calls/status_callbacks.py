"""Status callbacks (docs/contract.md §3): which events a call reports, their SequenceNumber, their parameters."""

from __future__ import annotations

from email.utils import formatdate

from .commands import Callback
from .parameters import duration, voice_parameters
from .session import Call, Session
from .transition import Turn
from .types import CallEvent, CallStatus


def report(turn: Turn, sid: str, event: CallEvent, status: CallStatus) -> None:
    """Fire the status callback of ``event`` if the call's hook asks for it, with the next SequenceNumber."""
    call = turn.call(sid)
    if call.hook is None or event not in call.hook.events:
        return
    turn.callback(
        Callback(
            id=f"{sid}-{call.sequence}",
            call=sid,
            account_sid=turn.session.account_sid,
            url=call.hook.url,
            method=call.hook.method,
            event=event,
            sequence=call.sequence,
            at=turn.at,
            parameters=callback_parameters(turn.session, call, event, status, turn.at),
        )
    )
    turn.update(sid, sequence=call.sequence + 1)


def callback_parameters(
    session: Session, call: Call, event: CallEvent, status: CallStatus, at: float
) -> dict[str, str]:
    """The parameters of a status callback (docs/contract.md §3, Status callbacks)."""
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
