"""The outcome of a Dial: the leg that stands for it, and what its action request says (docs/contract.md §2)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ... import sip
from ...sip.status import Status
from ..parameters import header_parameters, ring_duration
from ..session import Call, Dial
from ..transition import Turn
from ..types import CallStatus
from .recording import recording_parameters

UNREACHABLE_RANK = 599
NOBODY_DIALLED = {"DialCallStatus": "failed", "DialBridged": "false", "DialCallDuration": "0"}
"""The action request of a Dial without a leg."""


def dial_result(turn: Turn, sid: str, dial: Dial) -> dict[str, str]:
    """The parameters that the Dial of call ``sid`` adds to its action request."""
    legs = [turn.call(sid) for sid in dial.legs]
    if not legs:
        return NOBODY_DIALLED
    chosen, status = _outcome(dial, legs, turn.call(sid))
    return _dial_parameters(dial, legs, chosen, status, turn.at) | recording_parameters(dial, turn.at)


def _outcome(dial: Dial, legs: list[Call], dialler: Call) -> tuple[Call, CallStatus]:
    """The leg that stands for the Dial and its DialCallStatus (docs/contract.md §2)."""
    if dial.bridged:
        chosen = next(leg for leg in legs if leg.sid == dial.bridged)
        return chosen, "failed" if chosen.ending == "failed" else "completed"
    chosen = _best(legs)
    if dial.starred or (dialler.over and dialler.ending != "failed") or chosen.independent:
        return chosen, "canceled"
    return chosen, "no-answer" if chosen.answered else _unanswered(chosen)


def _unanswered(leg: Call) -> CallStatus:
    return leg.status if leg.over else (leg.ending or "failed")


def _best(legs: list[Call]) -> Call:
    """The first leg with the best response (RFC 3261 §16.7); one that was never reached comes last."""
    ranks = [_final_code(leg) or UNREACHABLE_RANK for leg in legs]
    best = sip.best_response(ranks)
    return next(leg for leg, rank in zip(legs, ranks, strict=True) if rank == best)


def _dial_parameters(
    dial: Dial, legs: Iterable[Call], chosen: Call, status: CallStatus, at: float
) -> dict[str, str]:
    """The parameters of docs/contract.md §2; ``chosen`` is the leg that stands for the Dial."""
    talked = int(at - dial.bridged_at) if dial.bridged else 0
    parameters = {
        "DialCallStatus": status,
        "DialCallSid": chosen.sid,
        "DialCallDuration": str(max(0, talked)),
        "DialBridged": "true" if dial.bridged else "false",
        "DialRingDuration": str(ring_duration(chosen, at)),
        "DialSipCallId": chosen.sip_call_id,
        "DialSipResponseCode": str(_final_code(chosen) or ""),
        "DialLegs": msgspec.json.encode([_leg_report(leg, at) for leg in legs]).decode(),
    }
    parameters |= header_parameters("DialSipHeader_", chosen.final_headers)
    return {name: value for name, value in parameters.items() if value}


def _final_code(leg: Call) -> int:
    """The final response to the leg's INVITE; while that is outstanding, the code that our decision stands for.

    A limit that passed counts as 408 (RFC 3261 §16.7, timer C), our own CANCEL as 487 (§9.2); 0 = none.
    """
    if leg.sip_code:
        return leg.sip_code
    return {"no-answer": Status.REQUEST_TIMEOUT, "canceled": Status.REQUEST_TERMINATED}.get(leg.ending, 0)


def _leg_report(leg: Call, at: float) -> dict[str, str | int]:
    status = leg.status if leg.over else (leg.ending or leg.status)
    ended = leg.ended_at if leg.ended_at is not None else at
    report: dict[str, str | int] = {
        "sid": leg.sid,
        "to": leg.to,
        "status": status,
        "sipCode": _final_code(leg),
        "sipReason": leg.sip_reason,
        "sipCallId": leg.sip_call_id,
        "ringDuration": ring_duration(leg, at),
        "duration": max(0, int(ended - leg.answered_at)) if leg.answered_at is not None else 0,
    }
    if leg.error:
        report["errorCode"] = leg.error
    return report
