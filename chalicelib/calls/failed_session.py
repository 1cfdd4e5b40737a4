"""All calls of a session fail together: their task died, or the session cannot be stepped any more.

Each call still ends with its ``completed`` callback, and a Dial that was under way makes its action request, as
docs/contract.md §2 and §3 demand of every call.
"""

from __future__ import annotations

from .dial.recording import lose_recording
from .events import Abandoned
from .leg import end_call
from .transition import Turn


def on_task_lost(turn: Turn) -> None:
    """The task died, and with it what it had recorded.  The reaper owns the session from now on."""
    lose_recording(turn)
    _fail_all(turn, 0)
    turn.change_session(task="", epoch=turn.session.epoch + 1)


def on_abandoned(turn: Turn, event: Abandoned) -> None:
    """The task hangs up by itself, and still brings the answer to an action request."""
    turn.problem(event.error, "the session could not be stepped any more: its calls failed")
    _fail_all(turn, event.error)


def _fail_all(turn: Turn, error: int) -> None:
    """A request that was under way is not repeated: nobody knows if it arrived."""
    for call in turn.calls():
        turn.update(call.sid, unheard=())
        turn.change_dial(call.sid, referral=None)
        if call.over:
            turn.update(call.sid, run=None)
            continue
        turn.update(call.sid, ending=call.ending or "failed", run=call.run if call.dial else None)
        end_call(turn, turn.call(call.sid), error=error)
