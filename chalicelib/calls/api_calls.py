"""The calls of the API: POST Calls makes one, POST Calls/{CallSid} ends one or has it run another document.

A call that the API made waits for a task, and is dialled by the one that claims it.  A call that is bridged and is sent
elsewhere leaves its partner, which is hung up unless it is to come along (see `dial.leave`).
"""

from __future__ import annotations

import msgspec

from .. import sip
from .application import abandon, fetch_document, fresh_run
from .commands import Hangup, Invite, OutboundLeg
from .dial.leave import dial_of, leave, separate
from .dial.legs import identity_headers
from .document import load
from .events import CallChange, Changed, Claimed, Created
from .leg import end_call
from .routing.routes import (
    Credentials,
    NoRouteError,
    Route,
    admit_one_more,
    asked_headers,
    client_routes,
    number_route,
    sip_route,
)
from .session import Call, Launch, Run, Session
from .transition import Step, Turn

CLIENT = "client:"


def created(event: Created) -> Step:
    """The session of a call that nobody has claimed yet."""
    parent = Call(
        sid=event.call,
        direction="outbound-api",
        to=event.to,
        created_at=event.at,
        from_=event.from_,
        hook=event.application.status_hook,
    )
    return Step(
        Session(
            sid=event.call,
            account_sid=event.application.account_sid,
            calls={parent.sid: parent},
            application=event.application,
            launch=event.launch,
        )
    )


def on_claimed(turn: Turn, event: Claimed) -> None:
    """A task has claimed the call: tell it how to place it, or end the call with the reason why not."""
    parent = turn.find(turn.session.sid)
    launch = turn.session.launch
    if parent is None or launch is None or turn.session.task:
        return
    turn.change_session(task=event.task, launch=None)
    try:
        route = _route(turn, parent.to, launch)
        admit_one_more(turn)
    except NoRouteError as error:
        turn.problem(error.code, error.message)
        end_call(turn, turn.update(parent.sid, to=parent.to.partition("?")[0], run=None), error=error.code)
        return
    shown = route.uri.without_headers if sip.is_sip(parent.to) else parent.to.partition("?")[0]
    parent = turn.update(parent.sid, to=shown)
    turn.command(Invite(_first_leg(turn, parent, route, launch), time_limit=launch.time_limit))


def _route(turn: Turn, to: str, launch: Launch) -> Route:
    """A SIP URI, a client at its most wanted contact, or a number.  Raises NoRouteError."""
    if to.startswith(CLIENT):
        return client_routes(turn, to.removeprefix(CLIENT))[0]
    if not sip.is_sip(to):
        return number_route(turn, to)
    return sip_route(turn, to, Credentials(launch.username, launch.password, launch.credential_ref))


def _first_leg(turn: Turn, parent: Call, route: Route, launch: Launch) -> OutboundLeg:
    return route.leg(
        call=parent.sid,
        caller=parent.from_,
        headers=asked_headers(turn, route) + identity_headers(turn, parent),
        timeout=launch.timeout,
    )


def on_changed(turn: Turn, call: Call, event: Changed) -> None:
    """Do what the API asked.  A call that is being ended already is not sent anywhere any more."""
    change = event.change
    if change.status:
        if change.status == "completed" or not call.answered:
            _end(turn, call)
    elif not call.ending:
        _send_elsewhere(turn, call, change)


def _end(turn: Turn, call: Call) -> None:
    """The API ends the call.  One that no task has claimed ends here; any other when its dialog is gone."""
    turn.update(call.sid, run=call.run if call.dial else None)
    if not call.answered and not call.ending:
        turn.update(call.sid, ending="canceled")
    if call.direction == "outbound-api" and not turn.session.task:
        end_call(turn, turn.call(call.sid))
    else:
        turn.command(Hangup(call.sid))


def _send_elsewhere(turn: Turn, call: Call, change: CallChange) -> None:
    """Take the call out of its Dial; it runs the document, and so does its partner if that comes along."""
    going = {call.sid}
    if (found := dial_of(turn, call)) is not None:
        dialler, dial = found
        if call.sid in (dialler, dial.bridged):
            if change.with_peer:
                going = {dialler, dial.bridged} - {""}
            separate(turn, dialler, dial, going)
        else:
            leave(turn, dialler, dial, call.sid)
    for sid in (call.sid, *sorted(going - {call.sid})):
        _run(turn, sid, change)


def _run(turn: Turn, sid: str, change: CallChange) -> None:
    """Run the document: now, or as soon as an outbound call that still rings is answered."""
    abandon(turn, sid)
    call, run = turn.call(sid), fresh_run(turn, sid)
    if call.direction != "inbound" and not call.answered:
        document = turn.keep_document(change.rcml) if change.rcml else ""
        changes = {"document": document, "base_url": change.url, "method": change.method}
        turn.update(sid, run=msgspec.structs.replace(run, **changes))
    elif change.rcml:
        load(turn, sid, run, change.rcml)
    else:
        fetch_document(turn, sid, run, change.url, change.method, {})


def begin(turn: Turn, sid: str, run: Run) -> None:
    """An outbound call was answered: run the document that the API left for it."""
    if run.document:
        load(turn, sid, run, turn.document(run.document))
    else:
        fetch_document(turn, sid, run, run.base_url, run.method, {})
