"""Screening (docs/contract.md §3): a noun's document at ``url`` runs on the callee's call and decides on its bridge."""

from __future__ import annotations

from .. import rcml
from ..catalogue import Code
from .application import fetch_document, hang_up
from .commands import Bridge, Hangup
from .session import Call, Run
from .transition import Turn


def begin_screening(turn: Turn, leg: Call) -> None:
    """The callee answered: fetch the document, unless another leg has been bridged meanwhile."""
    dialler = turn.dialler(leg)
    if dialler is None or dialler.dial is None or dialler.dial.bridged:
        turn.command(Hangup(leg.sid))
    else:
        fetch_document(turn, leg.sid, Run(), leg.screening_url, leg.screening_method, {})


def document_ended(turn: Turn, call: Call) -> None:
    """A caller whose document ended is hung up; a callee whose screening document ended is accepted."""
    dialler = turn.dialler(call)
    dial = dialler.dial if dialler is not None else None
    if dialler is None or call.independent or dial is None or dial.accepted or dial.bridged:
        hang_up(turn, call)
    else:
        turn.update(call.sid, run=None)
        turn.change_dial(dialler.sid, accepted=call.sid)
        turn.command(Bridge(dialler.sid, call.sid))


def refuse_dial(turn: Turn, call: Call, verb: rcml.Dial) -> None:
    """A document that screens may not dial: the leg is out."""
    turn.problem(Code.DIAL_IN_SCREENING, "a screening document may not contain Dial", verb.line)
    hang_up(turn, call)
