"""Dial: ring up to ten callees together, bridge the first who accepts, and tell the action URL how it went.

Rules of CONTRACT §2 and §3.  The task cancels losers and bridges an unscreened winner on its own; here is decided
which legs exist, when the Dial is over, what it amounted to, and what comes next.
"""

from __future__ import annotations

import msgspec

from .. import rcml, sip
from .admission import obstacle, reference, rules_of
from .commands import Answer, Hangup, Leg, Ring
from .commands import Dial as DialCommand
from .documents import parse
from .hops import hop_headers
from .hunting import rounds
from .leg import end_call
from .parameters import API_VERSION, dial_parameters, final_code
from .recording import begin_recording, recording_parameters
from .session import Call, CallStatus, Dial, Headers, StatusHook
from .turn import Turn

NOT_ROUTABLE = 13224
TOO_MANY_URIS = 13250
UNREACHABLE_RANK = 599
NOBODY_DIALLED = {"DialCallStatus": "failed", "DialBridged": "false", "DialCallDuration": "0"}
"""What the action request of a Dial says that had no noun."""


def begin_dial(turn: Turn, verb: rcml.Dial) -> None:
    """Start the Dial on the parent call.  One that cannot start leaves no Dial behind: the next verb's turn."""
    refusal = _refusal(turn, verb)
    if refusal is not None:
        turn.problems((refusal,))
        return
    parent = turn.parent
    turn.update(
        parent.sid,
        dial=Dial(
            legs=(), action=_absolute(turn, verb.action), method=verb.method, rounds=rounds(turn, verb)
        ),
    )
    if not _ring_next(turn, verb):
        finish_dial(turn)


def _ring_next(turn: Turn, verb: rcml.Dial) -> bool:
    """INVITE the nouns of the next round that has one which can be dialled.  False: there is none."""
    parent = turn.parent
    while (dial := turn.parent.dial) is not None and dial.rounds:
        placed = [_place(turn, verb, verb.nouns[place]) for place in dial.rounds[0]]
        sids = tuple(sid for sid, _ in placed)
        turn.update(
            parent.sid, dial=msgspec.structs.replace(dial, legs=dial.legs + sids, rounds=dial.rounds[1:])
        )
        legs = tuple(leg for _, leg in placed if leg is not None)
        if legs:
            _invite(turn, verb, legs)
            return True
    return False


def _invite(turn: Turn, verb: rcml.Dial, legs: tuple[Leg, ...]) -> None:
    parent = turn.parent
    if not parent.answered:
        turn.command(Ring(parent.sid) if verb.answer_on_bridge else Answer(parent.sid))
    turn.command(
        DialCommand(
            parent.sid,
            legs,
            time_limit=verb.time_limit,
            ring_tone=verb.ring_tone,
            answer_on_bridge=verb.answer_on_bridge and not parent.answered,
            recording=begin_recording(turn, verb),
            music=_absolute(turn, verb.dial_music),
            hangup_on_star=verb.hangup_on_star,
        )
    )


def _refusal(turn: Turn, verb: rcml.Dial) -> rcml.Problem | None:
    """Why the whole Dial fails: a wrong callerId (13214), or the older rule of an account with ``strict_sip``."""
    application = turn.session.application
    if verb.caller_id_error is not None:
        return verb.caller_id_error
    if application is not None and application.strict_sip and len(verb.nouns) > 1:
        return rcml.Problem(TOO_MANY_URIS, "this account may dial one Sip noun only", verb.line, 0, "error")
    return None


def _absolute(turn: Turn, url: str | None) -> str:
    """``url`` against the parent's document; empty when there is none or it cannot be used."""
    run = turn.parent.run
    return (turn.resolve(run, url) or "") if url and run is not None else ""


def _place(turn: Turn, verb: rcml.Dial, noun: rcml.Noun) -> tuple[str, Leg | None]:
    """Make the child call of ``noun``: its CallSid, and the leg to INVITE unless the noun is invalid."""
    sid = turn.new_id("CA")
    caller = _caller(turn, verb)
    child = Call(
        sid=sid,
        direction="outbound-dial",
        to=_shown(noun.target),
        created_at=turn.at,
        from_=caller.uri,
        caller_name=caller.display_name,
        status="initiated",
        parent_sid=turn.session.sid,
        hook=_hook(turn, noun),
        screening_url=_absolute(turn, noun.url),
        screening_method=noun.method,
    )
    turn.add(child)
    code, message = _obstacle(noun)
    if code == 0 and isinstance(noun, rcml.Sip):
        try:
            uri = sip.parse_uri(noun.target)
            for warning in uri.warnings:
                turn.problem(warning.code, warning.message, noun.line)
            code, message = obstacle(turn, uri)
            if code == 0:
                return sid, _leg(turn, verb, noun, child, uri)
        except sip.InvalidSipUri as error:
            code, message = error.code, error.message
    turn.problem(code, message, noun.line)
    end_call(turn, child, error=code)
    return sid, None


def _caller(turn: Turn, verb: rcml.Dial) -> sip.Address:
    """Who the legs see calling: ``callerId`` as it is, name and URI of one with a display name, else the caller."""
    if not verb.caller_id:
        return sip.Address(turn.parent.caller_name, turn.parent.from_)
    return sip.address_of(verb.caller_id) if "<" in verb.caller_id else sip.Address("", verb.caller_id)


def _shown(target: str) -> str:
    """The target as customers see it: without header part, and without a password in the URI."""
    try:
        return sip.parse_uri(target).without_headers
    except sip.InvalidSipUri:
        address, at, host = target.partition("?")[0].strip().rpartition("@")
        return ":".join(address.split(":")[:2]) + at + host


def _obstacle(noun: rcml.Noun) -> tuple[int, str]:
    """Why this noun cannot be dialled, before its URI is read; code 0 when nothing is in the way."""
    if noun.problem is not None:
        return noun.problem.code, noun.problem.message
    if not isinstance(noun, rcml.Sip):
        return NOT_ROUTABLE, f"no route for {type(noun).__name__} {noun.target[:80]!r}"
    return 0, ""


def _hook(turn: Turn, noun: rcml.Noun) -> StatusHook | None:
    url = _absolute(turn, noun.status_callback)
    if not url:
        return None
    return StatusHook(url, noun.status_callback_method, noun.status_callback_events)


def _leg(turn: Turn, verb: rcml.Dial, noun: rcml.Sip, child: Call, uri: sip.SipUri) -> Leg:
    headers, warnings = sip.invite_headers(uri)
    for warning in warnings:
        turn.problem(warning.code, warning.message, noun.line)
    return Leg(
        call=child.sid,
        uri=uri.without_headers,
        from_uri=child.from_,
        from_name=child.caller_name,
        headers=headers + identity_headers(turn, child),
        username=noun.username or "",
        password=noun.password or "",
        credential_ref=reference(turn, noun.credential_ref or ""),
        rules=rules_of(turn),
        screened=bool(child.screening_url),
        timeout=noun.timeout or verb.timeout,
        delay=noun.delay,
    )


def identity_headers(turn: Turn, call: Call) -> Headers:
    """The headers by which a callee's network can name the call to us (CONTRACT §3)."""
    headers = (
        ("X-CallAPI-AccountSid", turn.session.account_sid),
        ("X-CallAPI-CallSid", call.sid),
        ("X-CallAPI-ParentCallSid", call.parent_sid),
        ("X-CallAPI-ApiVersion", API_VERSION),
    )
    return tuple((name, value) for name, value in headers if value) + hop_headers(turn.session)


def on_bridged(turn: Turn, leg: Call) -> None:
    """The task bridged ``leg`` and is cancelling the others.  A second bridge in one Dial is undone."""
    parent = turn.parent
    dial = parent.dial
    if leg.independent:  # bridged, and the others cancelled, before the task heard that it goes its own way
        if dial is not None and leg.sid in dial.legs:
            _give_up_all_but(turn, dial, leg)
        return
    if parent.over or dial is None or leg.sid not in dial.legs or dial.bridged not in ("", leg.sid):
        turn.command(Hangup(leg.sid))
        return
    turn.update(leg.sid, run=None)
    if not dial.bridged:
        turn.update(parent.sid, dial=msgspec.structs.replace(dial, bridged=leg.sid, bridged_at=turn.at))
    _give_up_all_but(turn, dial, leg)


def _give_up_all_but(turn: Turn, dial: Dial, leg: Call) -> None:
    for sid in dial.legs:
        if sid != leg.sid and not turn.call(sid).independent:
            give_up(turn, sid)


def on_starred(turn: Turn, call: Call) -> None:
    """The caller wants out of the Dial and on with the document."""
    if call.dial is not None:
        turn.update(call.sid, dial=msgspec.structs.replace(call.dial, starred=True))


def give_up(turn: Turn, sid: str) -> None:
    """We end the leg: CANCEL makes it ``canceled``; one that had answered is ``completed``."""
    call = turn.find(sid)
    if call is not None and not call.ending:
        turn.update(sid, run=None, ending="completed" if call.answered else "canceled")


def review_dial(turn: Turn) -> None:
    """End the Dial if it is over: the caller left or pressed ``*``, the bridged leg is gone, nobody is left to ring."""
    parent = turn.parent
    dial = parent.dial
    if dial is None:
        return
    if parent.over or dial.starred or (dial.bridged and _is_out(turn.call(dial.bridged))):
        finish_dial(turn)
    elif all(_is_out(turn.call(sid)) for sid in dial.legs):
        verb = _verb(turn)
        if dial.bridged or parent.ending or verb is None or not _ring_next(turn, verb):
            finish_dial(turn)
    elif dial.accepted and not dial.bridged and _is_out(turn.call(dial.accepted)):
        turn.update(parent.sid, dial=msgspec.structs.replace(dial, accepted=""))


def _verb(turn: Turn) -> rcml.Dial | None:
    """The Dial that the parent is at."""
    run = turn.parent.run
    if run is None or not run.document or not run.position:
        return None
    verb = parse(turn.document(run.document)).verbs[run.position - 1]
    return verb if isinstance(verb, rcml.Dial) else None


def _is_out(leg: Call) -> bool:
    return leg.over or bool(leg.ending) or leg.independent


def finish_dial(turn: Turn) -> None:
    """The one ending of every Dial: hang up what is left of it and make its one action request."""
    parent = turn.parent
    dial = parent.dial
    run = parent.run
    if dial is None:
        return
    result = wind_up(turn, dial)
    if dial.action and run is not None:
        turn.fetch(parent.sid, msgspec.structs.replace(run, hops=0), dial.action, dial.method, result)
    elif parent.over:
        turn.update(parent.sid, run=None)


def wind_up(turn: Turn, dial: Dial) -> dict[str, str]:
    """The Dial is no more, and what is left of it is hung up; returns what its action request has to tell."""
    parent = turn.parent
    for sid in dial.legs:
        if not _is_out(turn.call(sid)):
            turn.command(Hangup(sid))
            give_up(turn, sid)
    result = _result(turn, dial)
    turn.update(parent.sid, dial=None)
    return result


def _result(turn: Turn, dial: Dial) -> dict[str, str]:
    legs = [turn.call(sid) for sid in dial.legs]
    if not legs:
        return NOBODY_DIALLED
    chosen, status = _outcome(dial, legs, turn.parent)
    return dial_parameters(dial, legs, chosen, status, turn.at) | recording_parameters(dial)


def _outcome(dial: Dial, legs: list[Call], parent: Call) -> tuple[Call, CallStatus]:
    """The leg that stands for the Dial and its DialCallStatus (CONTRACT §2)."""
    if dial.bridged:
        chosen = next(leg for leg in legs if leg.sid == dial.bridged)
        return chosen, "failed" if chosen.ending == "failed" else "completed"
    best = sip.best_response([final_code(leg) or UNREACHABLE_RANK for leg in legs])
    chosen = next(leg for leg in legs if (final_code(leg) or UNREACHABLE_RANK) == best)
    if dial.starred or (parent.over and parent.ending != "failed") or chosen.independent:
        return chosen, "canceled"
    if chosen.answered:
        return chosen, "no-answer"
    return chosen, chosen.status if chosen.over else (chosen.ending or "failed")
