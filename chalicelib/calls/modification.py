"""POST Calls/{CallSid}: the API ends a call, or has it run another document, whatever it was doing.

A call that is bridged leaves its partner, who is hung up unless it is to come along.  The Dial that bridged them is
over then: it makes its action request as ever, but what that returns is not run.  A leg that is not bridged yet
leaves its Dial alone; the Dial goes on with the others, or ends ``canceled``.
"""

from __future__ import annotations

import msgspec

from .commands import Hangup, Part
from .dial import give_up, wind_up
from .events import Modified, Redirection
from .leg import end_call
from .running import fetch_document, load
from .session import Call, Dial, Run
from .turn import Turn


def on_modified(turn: Turn, call: Call, event: Modified) -> None:
    """Do what the API asked.  A call that is being ended already is not sent anywhere any more."""
    if event.redirection is None:
        if event.status == "completed" or not call.answered:
            _end(turn, call)
    elif not call.ending:
        _redirect(turn, call, event.redirection)


def _end(turn: Turn, call: Call) -> None:
    """The API ends the call.  One that no task has claimed ends here; any other when its dialog is gone."""
    turn.update(call.sid, run=call.run if call.dial else None)
    if not call.answered and not call.ending:
        turn.update(call.sid, ending="canceled")
    if call.direction == "outbound-api" and not turn.session.task:
        end_call(turn, turn.call(call.sid))
    else:
        turn.command(Hangup(call.sid))


def _redirect(turn: Turn, call: Call, redirection: Redirection) -> None:
    """Part the call from its Dial, and let it, and whoever comes along, run the document."""
    dial = turn.parent.dial
    going = {call.sid}
    if dial is not None and call.sid in (turn.session.sid, dial.bridged):
        pair = {turn.session.sid, dial.bridged} - {""}
        if redirection.with_peer:
            going = pair
        _separate(turn, dial, pair, going)
    elif dial is not None and call.sid in dial.legs and not call.independent:
        _leave(turn, dial, call.sid)
    for sid in (call.sid, *sorted(going - {call.sid})):
        _run(turn, sid, redirection)


def _separate(turn: Turn, dial: Dial, pair: set[str], going: set[str]) -> None:
    """End the Dial of the ``pair``: of the two, those ``going`` live on."""
    parent = turn.session.sid
    for sid in going - {parent}:
        turn.update(sid, independent=True)
    turn.command(Part(parent, dial.legs))
    result = wind_up(turn, dial)
    if not dial.bridged:
        result = result | {"DialCallStatus": "canceled"}
    if dial.action:
        turn.inform(parent, dial.action, dial.method, result)
    for sid in pair - going:
        if not turn.call(sid).ending:
            turn.command(Hangup(sid))
            give_up(turn, sid)


def _leave(turn: Turn, dial: Dial, leg: str) -> None:
    """Take a leg that is not bridged out of the Dial; whether any is left is seen when the step settles."""
    turn.update(leg, independent=True)
    if dial.accepted == leg:
        turn.update(turn.session.sid, dial=msgspec.structs.replace(dial, accepted=""))
    turn.command(Part(turn.session.sid, (leg,)))


def _run(turn: Turn, sid: str, redirection: Redirection) -> None:
    """Run the document: now, or as soon as an outbound call that still rings is answered."""
    turn.abandon(sid)
    call = turn.call(sid)
    application = turn.session.application
    run = Run()
    if application is not None and sid == turn.session.sid:
        run = Run(fallback_url=application.fallback_url, fallback_method=application.fallback_method)
    if call.direction != "inbound" and not call.answered:
        document = turn.keep_document(redirection.rcml) if redirection.rcml else ""
        changes = {"document": document, "base_url": redirection.url, "method": redirection.method}
        turn.update(sid, run=msgspec.structs.replace(run, **changes))
    elif redirection.rcml:
        load(turn, sid, run, redirection.rcml)
    else:
        fetch_document(turn, sid, run, redirection.url, redirection.method, {})


def begin(turn: Turn, sid: str, run: Run) -> None:
    """The call was answered for which the API had left ``run``."""
    if run.document:
        load(turn, sid, run, turn.document(run.document))
    else:
        fetch_document(turn, sid, run, run.base_url, run.method, {})
