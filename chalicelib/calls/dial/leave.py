"""A call leaves its Dial with a document of its own, because a transfer or the API says so.

The Dial that bridged it is over then: it makes its action request as ever, but what that returns is not run.  A leg
that is not bridged yet leaves its Dial alone; the Dial goes on with the others, or ends ``canceled``.
"""

from __future__ import annotations

from ..application import inform
from ..commands import Hangup, Part
from ..session import Call, Dial
from ..transition import Turn
from .dial import wind_up


def dial_of(turn: Turn, call: Call) -> tuple[str, Dial] | None:
    """The Dial that ``call`` is in, as the dialling call or as a leg, and the CallSid of the dialling call."""
    if call.dial is not None:
        return call.sid, call.dial
    dialler = turn.dialler(call)
    if dialler is None or dialler.dial is None or call.independent or call.sid not in dialler.dial.legs:
        return None
    return dialler.sid, dialler.dial


def separate(turn: Turn, dialler: str, dial: Dial, going: set[str]) -> None:
    """End the Dial of ``dialler``: of the two whom it may have bridged, those ``going`` live on."""
    pair = {dialler, dial.bridged} - {""}
    for sid in going - {dialler}:
        turn.update(sid, independent=True)
    turn.command(Part(dialler, dial.legs))
    result = wind_up(turn, dialler, dial)
    if not dial.bridged:
        result = result | {"DialCallStatus": "canceled"}
    if turn.call(dialler).over:  # a caller who referred the callee elsewhere, and left
        turn.update(dialler, run=None)
    if dial.action:
        inform(turn, dialler, dial.action, dial.method, result)
    for sid in sorted(pair - going):
        call = turn.call(sid)
        if not call.ending:
            turn.command(Hangup(sid))
            turn.give_up(sid)


def leave(turn: Turn, dialler: str, dial: Dial, leg: str) -> None:
    """Take a leg that is not bridged out of the Dial; whether any is left is seen when the step settles."""
    turn.update(leg, independent=True)
    if dial.accepted == leg:
        turn.change_dial(dialler, accepted="")
    turn.command(Part(dialler, (leg,)))
