"""``step(session, event) -> Step``: the whole engine behind one pure function.

It reads no clock, draws no random number and does no I/O; time and entropy come in with the event.  The same
session and event always give the same step, byte for byte: that is what replay, simulation and the property tests
rest on.  An event that does not fit the state (late, twice, for a stranger) changes nothing.
"""

from __future__ import annotations

from ..sip.status import Status
from .api_calls import begin, created, on_changed, on_claimed
from .commands import Reject
from .dial.dial import on_bridged, on_starred, review_dial
from .dial.recording import on_recording
from .dial.transfer import awaited, on_refer_answered, on_referred
from .document import go_on, on_fetched, on_performed, start
from .events import (
    Abandoned,
    Answered,
    Bridged,
    Changed,
    Claimed,
    Created,
    Ended,
    Event,
    Fetched,
    Incoming,
    Invited,
    Performed,
    Provisional,
    RecordingEnded,
    RecordingStarted,
    Referred,
    RingTimeout,
    Starred,
    TaskLost,
)
from .failed_session import on_abandoned, on_task_lost
from .leg import on_answered, on_ended, on_invited, on_provisional
from .routing import loops
from .screening import begin_screening
from .session import Call, Session
from .transition import Step as Step
from .transition import Turn


def step(session: Session | None, event: Event) -> Step:
    """What ``event`` does to ``session`` (None before its first event, which is Incoming or Created)."""
    if isinstance(event, Incoming):
        return _incoming(event) if session is None else Step(session)
    if isinstance(event, Created):
        return created(event) if session is None else Step(session)
    if session is None:
        return Step(None)
    turn = Turn(session, event)
    _apply(turn, event)
    _settle(turn)
    return turn.finish()


def _incoming(event: Incoming) -> Step:
    if event.application is None:
        return Step(None, (Reject(event.call, Status.NOT_FOUND),))
    if code := loops.refusal(event):
        return Step(None, (Reject(event.call, code),))
    parent = Call(
        sid=event.call,
        direction="inbound",
        to=event.to,
        created_at=event.at,
        from_=event.from_,
        status="ringing",
        caller_name=event.caller_name,
        forwarded_from=event.forwarded_from,
        sip_call_id=event.sip_call_id,
        sip_source_ip=event.sip_source_ip,
        sip_domain=event.sip_domain,
        headers=event.headers,
        ringing_at=event.at,
        hook=event.application.status_hook,
    )
    session = Session(
        sid=event.call,
        account_sid=event.application.account_sid,
        calls={parent.sid: parent},
        application=event.application,
        task=event.task,
        max_forwards=event.max_forwards,
    )
    turn = Turn(session, event)
    start(turn, parent.sid)
    _settle(turn)
    return turn.finish()


def _apply(turn: Turn, event: Event) -> None:
    if isinstance(event, Fetched | Performed):
        _resume(turn, event)
    elif isinstance(event, RecordingStarted | RecordingEnded):
        on_recording(turn, event)
    elif isinstance(event, TaskLost):
        on_task_lost(turn)
    elif isinstance(event, Abandoned):
        on_abandoned(turn, event)
    elif isinstance(event, Claimed):
        on_claimed(turn, event)
    elif not isinstance(event, Incoming | Created):
        call = turn.find(event.call)
        if call is not None:
            _apply_to_call(turn, call, event)


def _apply_to_call(
    turn: Turn,
    call: Call,
    event: Invited | Provisional | Answered | Bridged | Starred | Referred | RingTimeout | Ended | Changed,
) -> None:
    match event:
        case Invited():
            on_invited(turn, call, event)
        case Provisional():
            on_provisional(turn, call, event)
        case Answered():
            _answered(turn, call, event)
        case Bridged() | Starred() | Referred():
            _apply_to_dial(turn, call, event)
        case RingTimeout():
            if not call.answered and not call.ending:
                turn.update(call.sid, ending="no-answer")
        case Ended():
            _ended(turn, call, event)
        case Changed():
            on_changed(turn, call, event)


def _apply_to_dial(turn: Turn, call: Call, event: Bridged | Starred | Referred) -> None:
    match event:
        case Bridged():
            on_bridged(turn, call)
        case Starred():
            on_starred(turn, call)
        case Referred():
            on_referred(turn, call, event)


def _resume(turn: Turn, event: Fetched | Performed) -> None:
    """Continue the run, or the transfer, that waits for this very event."""
    call = turn.known(event.call)
    if call is not None and event.id in call.unheard:
        _not_run(turn, call, event)
        return
    if isinstance(event, Fetched) and (dialler := awaited(turn, event)) is not None:
        on_refer_answered(turn, dialler, event)
        return
    waits_for = call.run.waits_for if call is not None and call.run is not None else None
    if waits_for is None or waits_for.id != event.id:
        return
    if isinstance(event, Fetched):
        on_fetched(turn, event)
    else:
        on_performed(turn, event)


def _not_run(turn: Turn, call: Call, event: Fetched | Performed) -> None:
    """An answer to a request that only informed the application: its document is not run."""
    turn.update(call.sid, unheard=tuple(request for request in call.unheard if request != event.id))
    if event.error:
        turn.problem(event.error, "the application was told something, and did not answer well")


def _answered(turn: Turn, call: Call, event: Answered) -> None:
    if not on_answered(turn, call, event):
        return
    if call.direction != "inbound" and call.run is not None:
        begin(turn, call.sid, call.run)
    elif call.direction == "outbound-api":
        start(turn, call.sid)
    elif call.direction == "outbound-dial" and call.screening_url:
        begin_screening(turn, call)


def _ended(turn: Turn, call: Call, event: Ended) -> None:
    """A run that waits for a request already under way is kept until the answer, so that the session is not over."""
    on_ended(turn, call, event)
    if call.dialled_by_document or (call.dial is None and call.run is not None and not call.run.fetching):
        turn.update(call.sid, run=None)


def _settle(turn: Turn) -> None:
    """After the event: end each Dial that is over, and let the document go on behind it."""
    for call in turn.calls():
        if call.dial is not None:
            review_dial(turn, call.sid)
            go_on(turn, call.sid)
