"""Dial: ring up to ten callees together, bridge the first that accepts, and tell the action URL how it went.

The rules are in docs/contract.md §2 and §3.  The task cancels losers and bridges an unscreened winner on its own;
this module decides which legs exist, when the Dial is over, and what comes next.  Any call that runs a document of its
own may dial: the caller, and a callee whom the API or a REFER has sent elsewhere.
"""

from __future__ import annotations

import msgspec

from ... import rcml
from ...catalogue import Code
from ...sip.status import Status
from ..application import absolute, fetch
from ..commands import Answer, DialLegs, Hangup, Notify, OutboundLeg, Ring
from ..documents import parse
from ..leg import end_call
from ..session import Call, Dial
from ..transition import Turn
from .action import dial_result
from .legs import Placed, Round, place, rounds
from .recording import begin_recording


def begin_dial(turn: Turn, sid: str, verb: rcml.Dial) -> None:
    """Start the Dial on the call ``sid``.  One that cannot start leaves no Dial behind: the next verb's turn."""
    refusal = _refusal(turn, verb)
    if refusal is not None:
        turn.problems((refusal,))
        return
    dial = Dial(
        legs=(),
        action=absolute(turn, sid, verb.action),
        method=verb.method,
        rounds=rounds(turn, verb),
        refer_url=absolute(turn, sid, verb.refer_url),
        refer_method=verb.refer_method,
    )
    turn.update(sid, dial=dial)
    if not _ring_next(turn, sid, verb):
        finish_dial(turn, sid)


def _ring_next(turn: Turn, sid: str, verb: rcml.Dial) -> bool:
    """INVITE the nouns of the next round that has one which can be dialled.  False: there is none."""
    while (dial := turn.call(sid).dial) is not None and dial.rounds:
        placed = _placed(turn, sid, verb, dial.rounds[0])
        turn.change_dial(sid, legs=dial.legs + tuple(each.sid for each in placed), rounds=dial.rounds[1:])
        legs = tuple(each.leg for each in placed if each.leg is not None)
        if legs:
            _invite(turn, sid, verb, legs)
            return True
    return False


def _placed(turn: Turn, sid: str, verb: rcml.Dial, places: Round) -> list[Placed]:
    """The child calls of a round.  One that cannot be dialled ends here."""
    placed = []
    for number in places:
        for each in place(turn, sid, verb, verb.nouns[number]):
            if each.leg is None:
                end_call(turn, turn.call(each.sid), error=each.error)
            placed.append(each)
    return placed


def _invite(turn: Turn, sid: str, verb: rcml.Dial, legs: tuple[OutboundLeg, ...]) -> None:
    call = turn.call(sid)
    answered = call.answered
    if not answered:
        turn.command(Ring(sid) if verb.answer_on_bridge else Answer(sid))
    turn.command(
        DialLegs(
            sid,
            legs,
            time_limit=verb.time_limit,
            ring_tone=verb.ring_tone,
            answer_on_bridge=verb.answer_on_bridge and not answered,
            recording=begin_recording(turn, sid, verb),
            music=absolute(turn, sid, verb.dial_music),
            hangup_on_star=verb.hangup_on_star,
            takes_refer=call.dial is not None and bool(call.dial.refer_url),
        )
    )


def _refusal(turn: Turn, verb: rcml.Dial) -> rcml.Problem | None:
    """Why the whole Dial fails: a wrong callerId (13214), or the older rule of an account with ``strict_sip``."""
    application = turn.session.application
    if verb.caller_id_error is not None:
        return verb.caller_id_error
    if application is not None and application.strict_sip and len(verb.nouns) > 1:
        return rcml.Problem(
            Code.DIAL_TOO_MANY_NOUNS, "this account may dial one Sip noun only", verb.line, 0, "error"
        )
    return None


def on_bridged(turn: Turn, leg: Call) -> None:
    """The task bridged ``leg`` and is cancelling the others.  A second bridge in one Dial is undone."""
    dialler = turn.dialler(leg)
    dial = dialler.dial if dialler is not None else None
    if leg.independent:  # bridged, and the others cancelled, before the task heard that it goes its own way
        if dial is not None and leg.sid in dial.legs:
            _give_up_all_but(turn, dial, leg)
        return
    if dialler is None or dialler.over or dial is None or not _may_be_bridged(dial, leg):
        turn.command(Hangup(leg.sid))
        return
    turn.update(leg.sid, run=None)
    if not dial.bridged:
        turn.change_dial(dialler.sid, bridged=leg.sid, bridged_at=turn.at)
    _give_up_all_but(turn, dial, leg)


def _may_be_bridged(dial: Dial, leg: Call) -> bool:
    return leg.sid in dial.legs and dial.bridged in ("", leg.sid)


def _give_up_all_but(turn: Turn, dial: Dial, leg: Call) -> None:
    for sid in dial.legs:
        if sid != leg.sid and not turn.call(sid).independent:
            turn.give_up(sid)


def on_starred(turn: Turn, call: Call) -> None:
    """The caller wants out of the Dial and on with the document."""
    if call.dial is not None:
        turn.change_dial(call.sid, starred=True)


def review_dial(turn: Turn, sid: str) -> None:
    """End the Dial of ``sid`` if it is over: the dialling call left or pressed ``*``, the bridged leg is gone, nobody
    is left to ring.

    While the application is asked where a party is to be transferred, the other one may leave.
    """
    dialler = turn.call(sid)
    dial = dialler.dial
    if dial is None or _transferring(turn, dialler, dial):
        return
    if dialler.over or dial.starred or _left(turn, dial.bridged):
        finish_dial(turn, sid)
    elif all(is_out(turn.call(leg)) for leg in dial.legs):
        _ring_next_or_finish(turn, dialler, dial)
    elif not dial.bridged and _left(turn, dial.accepted):
        turn.change_dial(sid, accepted="")


def _left(turn: Turn, leg: str) -> bool:
    """There is such a leg, and it counts no more."""
    return bool(leg) and is_out(turn.call(leg))


def _ring_next_or_finish(turn: Turn, dialler: Call, dial: Dial) -> None:
    """Every leg is out: ring the next round of the verb that the call is at, if there is one."""
    verb = None if dial.bridged or dialler.ending else _verb(turn, dialler.sid)
    if verb is None or not _ring_next(turn, dialler.sid, verb):
        finish_dial(turn, dialler.sid)


def _transferring(turn: Turn, dialler: Call, dial: Dial) -> bool:
    """The party that is to be transferred is still there, and what the application says is awaited."""
    if dial.referral is None or dial.starred:
        return False
    if dial.referral.transferor == dialler.sid:
        return not is_out(turn.call(dial.bridged))
    return not (dialler.over or dialler.ending)


def _verb(turn: Turn, sid: str) -> rcml.Dial | None:
    """The Dial that the call is at."""
    run = turn.call(sid).run
    if run is None or not run.document or not run.position:
        return None
    verb = parse(turn.document(run.document)).verbs[run.position - 1]
    return verb if isinstance(verb, rcml.Dial) else None


def is_out(leg: Call) -> bool:
    """The leg counts no more for its Dial."""
    return leg.over or bool(leg.ending) or leg.independent


def finish_dial(turn: Turn, sid: str) -> None:
    """The one ending of every Dial: hang up what is left of it and make its one action request."""
    call = turn.call(sid)
    if call.dial is None:
        return
    action, method = call.dial.action, call.dial.method
    result = wind_up(turn, sid, call.dial)
    if action and call.run is not None:
        fetch(turn, sid, msgspec.structs.replace(call.run, hops=0), action, method, result)
    elif call.over:
        turn.update(sid, run=None)


def wind_up(turn: Turn, sid: str, dial: Dial) -> dict[str, str]:
    """The Dial of ``sid`` is no more, and what is left of it is hung up; returns what its action request has to tell.

    When a REFER is still under way, the document it leads to is not run, and its sender is told so.
    """
    if dial.referral is not None:
        asked = dial.bridged if dial.referral.transferor == sid else sid
        turn.update(asked, unheard=(*turn.call(asked).unheard, dial.referral.request))
        turn.command(Notify(dial.referral.transferor, Status.SERVICE_UNAVAILABLE))
    for leg in dial.legs:
        if not is_out(turn.call(leg)):
            turn.command(Hangup(leg))
            turn.give_up(leg)
    result = dial_result(turn, sid, dial)
    turn.update(sid, dial=None)
    return result
