"""What becomes of the document that a call runs: the next one is fetched, the run fails, the call is hung up."""

from __future__ import annotations

import msgspec

from ..catalogue import Code
from ..sip.status import Status
from .application import fetch, resolve
from .commands import Answer, Hangup, Reject
from .leg import give_up
from .session import Call, Method, Run
from .transition import Turn

MAX_HOPS = 20


def fresh_run(turn: Turn, sid: str) -> Run:
    """A run of the call ``sid`` that has no document yet; the application's fallback URL is for the parent call."""
    application = turn.session.application
    if application is None or sid != turn.session.sid:
        return Run()
    return Run(fallback_url=application.fallback_url, fallback_method=application.fallback_method)


def fetch_document(turn: Turn, sid: str, run: Run, url: str, method: Method, extra: dict[str, str]) -> None:
    """Go on with the document at ``url``.  Without an absolute URL, or after too many hops, the run fails."""
    absolute = resolve(turn, run, url)
    if absolute is None:
        fail(turn, sid)
    elif run.hops >= MAX_HOPS:
        turn.problem(
            Code.HTTP_TOO_MANY_REDIRECTS, f"{MAX_HOPS} documents in a row did nothing but point at another"
        )
        fail(turn, sid)
    else:
        fetch(turn, sid, run, absolute, method, extra)


def fall_back(turn: Turn, call: Call, code: int, url: str) -> None:
    """Ask the fallback URL, once; without one the run has failed."""
    run = call.run
    if run is None or not run.fallback_url:
        fail(turn, call.sid)
        return
    spent = msgspec.structs.replace(run, fallback_url="")
    extra = {"ErrorCode": str(code), "ErrorUrl": url}
    fetch_document(turn, call.sid, spent, run.fallback_url, run.fallback_method, extra)


def fail(turn: Turn, sid: str) -> None:
    """The call has no document to run: a caller is hung up, a leg being screened is out."""
    call = turn.update(sid, run=None)
    if call.direction == "inbound" and not call.answered:
        turn.update(sid, ending="failed")
        turn.command(Reject(sid, Status.SERVER_INTERNAL_ERROR))
    else:
        _end(turn, sid)


def media_flows(call: Call) -> bool:
    """Whether the call can hear: a caller cannot before the answer."""
    return call.answered or call.direction != "inbound"


def hang_up(turn: Turn, call: Call) -> None:
    """End the call.  A caller not yet answered is answered first, as at other platforms: Hangup is no Reject."""
    turn.update(call.sid, run=None)
    if not media_flows(call):
        turn.command(Answer(call.sid))
    _end(turn, call.sid)


def _end(turn: Turn, sid: str) -> None:
    """Hang up; a leg is out of its Dial at once, not when its BYE is answered."""
    turn.command(Hangup(sid))
    if turn.call(sid).parent_sid:
        give_up(turn, sid)
