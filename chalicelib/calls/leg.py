"""The life of any call, from the INVITE to its end: status words, times, callbacks."""

from __future__ import annotations

from .. import sip
from ..sip.headers import Headers
from ..sip.status import Status
from .commands import Hangup
from .events import RINGING, Answered, Ended, Invited, Provisional
from .routing.loops import error_of
from .session import Call
from .status_callbacks import report
from .transition import Turn
from .types import CallStatus


def on_invited(turn: Turn, call: Call, event: Invited) -> None:
    """An INVITE is out.  It is sent again to another server or after a redirection: the last Call-ID counts."""
    if call.direction == "inbound" or call.answered:
        return
    first = not call.sip_call_id
    turn.update(call.sid, sip_call_id=event.sip_call_id)
    if first:
        turn.update(call.sid, status="initiated")
        report(turn, call.sid, "initiated", "initiated")


def on_provisional(turn: Turn, call: Call, event: Provisional) -> None:
    """180 or 183: it rings, once."""
    if event.code in RINGING and call.status in ("queued", "initiated") and not call.ending:
        turn.update(call.sid, status="ringing", ringing_at=turn.at)
        report(turn, call.sid, "ringing", "ringing")


def on_answered(turn: Turn, call: Call, event: Answered) -> bool:
    """The call is up.  False when it should not be: it was given up while the 200 was on its way."""
    if call.answered:
        return False
    if call.ending:
        turn.command(Hangup(call.sid))
        return False
    turn.update(call.sid, status="in-progress", answered_at=turn.at)
    if call.direction != "inbound":
        turn.update(call.sid, sip_code=Status.OK, headers=event.headers, final_headers=event.headers)
    report(turn, call.sid, "answered", "in-progress")
    return True


def on_ended(turn: Turn, call: Call, event: Ended) -> None:
    """The dialog is gone."""
    if call.answered:
        end_call(turn, call, error=event.error)
    else:
        error = event.error or error_of(call, event.code)
        end_call(turn, call, code=event.code, reason=event.reason, headers=event.headers, error=error)


def end_call(
    turn: Turn, call: Call, *, code: int = 0, reason: str = "", headers: Headers = (), error: int = 0
) -> None:
    """End the call, with its one ``completed`` callback.  It stays in the session, and no command names it again."""
    status = _final_status(call, code)
    turn.update(call.sid, status=status, ended_at=turn.at, error=error)
    if code:
        turn.update(call.sid, sip_code=code, sip_reason=reason, final_headers=headers)
    report(turn, call.sid, "completed", status)


def _final_status(call: Call, code: int) -> CallStatus:
    """docs/contract.md §3, child state words: our decision first, then the answer we had, then the response code."""
    if call.ending:
        return call.ending
    if call.answered:
        return "completed"
    if call.direction == "inbound":
        return "canceled"
    return sip.outcome(code) if code else "failed"
