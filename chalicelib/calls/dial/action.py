"""What a Dial amounted to: the leg that stands for it, and what its action request tells (CONTRACT §2)."""

from __future__ import annotations

from ... import sip
from ..parameters import dial_parameters, final_code
from ..session import Call, CallStatus, Dial
from ..transition import Turn
from .recording import recording_parameters

UNREACHABLE_RANK = 599
NOBODY_DIALLED = {"DialCallStatus": "failed", "DialBridged": "false", "DialCallDuration": "0"}
"""What the action request of a Dial says that had no noun."""


def dial_result(turn: Turn, sid: str, dial: Dial) -> dict[str, str]:
    """What the action request of the Dial on the call ``sid`` adds."""
    legs = [turn.call(sid) for sid in dial.legs]
    if not legs:
        return NOBODY_DIALLED
    chosen, status = _outcome(dial, legs, turn.call(sid))
    return dial_parameters(dial, legs, chosen, status, turn.at) | recording_parameters(dial, turn.at)


def _outcome(dial: Dial, legs: list[Call], dialler: Call) -> tuple[Call, CallStatus]:
    """The leg that stands for the Dial and its DialCallStatus (CONTRACT §2)."""
    if dial.bridged:
        chosen = next(leg for leg in legs if leg.sid == dial.bridged)
        return chosen, "failed" if chosen.ending == "failed" else "completed"
    best = sip.best_response([final_code(leg) or UNREACHABLE_RANK for leg in legs])
    chosen = next(leg for leg in legs if (final_code(leg) or UNREACHABLE_RANK) == best)
    if dial.starred or (dialler.over and dialler.ending != "failed") or chosen.independent:
        return chosen, "canceled"
    if chosen.answered:
        return chosen, "no-answer"
    return chosen, chosen.status if chosen.over else (chosen.ending or "failed")
