"""POST Calls/{CallSid}: the API ends a call, or has it run another document, whatever it was doing.

A call that is bridged leaves its partner, who is hung up unless it is to come along (see `parting`).
"""

from __future__ import annotations

import msgspec

from .commands import Hangup
from .dial.parting import dial_of, leave, separate
from .document import fetch_document, fresh_run, load
from .events import Modified, Redirection
from .leg import end_call
from .session import Call, Run
from .transition import Turn


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
    going = {call.sid}
    if (found := dial_of(turn, call)) is not None:
        dialler, dial = found
        if call.sid in (dialler, dial.bridged):
            if redirection.with_peer:
                going = {dialler, dial.bridged} - {""}
            separate(turn, dialler, dial, going)
        else:
            leave(turn, dialler, dial, call.sid)
    for sid in (call.sid, *sorted(going - {call.sid})):
        _run(turn, sid, redirection)


def _run(turn: Turn, sid: str, redirection: Redirection) -> None:
    """Run the document: now, or as soon as an outbound call that still rings is answered."""
    turn.abandon(sid)
    call, run = turn.call(sid), fresh_run(turn, sid)
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
