"""REFER: a party of a bridge asks us to connect the other one elsewhere (RFC 3515), and the application decides.

The application is asked at ``referUrl`` in the name of the party that is to be transferred.  Until it has answered the
two go on talking; when it gives no document they still do, and the transferor hears why by NOTIFY.  A document ends
their Dial: the transferor is told 200 and hung up, the other one runs the document.

A call leaves its Dial with a document of its own because a transfer or the API says so.  The Dial that bridged it is
over then: it makes its action request as ever, but what that returns is not run.  A leg that is not bridged yet leaves
its Dial alone; the Dial goes on with the others, or ends ``canceled``.
"""

from __future__ import annotations

import msgspec

from ... import rcml
from ...catalogue import Code
from ...sip.status import Status
from ..application import ask, inform
from ..commands import Hangup, Notify, Part
from ..document import as_rcml, load
from ..documents import parse
from ..events import Fetched, Referred
from ..leg import give_up
from ..running import fresh_run
from ..session import Call, Dial, Referral
from ..transition import Turn
from .dial import wind_up


def on_referred(turn: Turn, call: Call, event: Referred) -> None:
    """Ask the application.  A second REFER while it thinks, or one of a call that is not bridged, is declined."""
    found = dial_of(turn, call)
    transferee = _other(found[0], found[1], call.sid) if found is not None else ""
    if found is None or not transferee or not found[1].refer_url or found[1].referral is not None:
        turn.command(Notify(call.sid, Status.DECLINE))
        return
    dialler, dial = found
    extra = {"ReferTransferTarget": event.target, "ReferredBy": event.referred_by}
    told = {name: value for name, value in extra.items() if value}
    request = ask(turn, transferee, dial.refer_url, dial.refer_method, told)
    turn.change_dial(dialler, referral=Referral(call.sid, request))


def _other(dialler: str, dial: Dial, sid: str) -> str:
    """The party that ``sid`` is bridged to; empty when it is to nobody."""
    if not dial.bridged or sid not in (dialler, dial.bridged):
        return ""
    return dial.bridged if sid == dialler else dialler


def awaited(turn: Turn, event: Fetched) -> Call | None:
    """The dialling call whose Dial waits for just this answer."""
    for call in turn.calls():
        referral = call.dial.referral if call.dial is not None else None
        if referral is not None and referral.request == event.id:
            return call
    return None


def on_refer_answered(turn: Turn, dialler: Call, event: Fetched) -> None:
    """Transfer the other party, or let the two go on."""
    dial = dialler.dial
    if dial is None or dial.referral is None:
        return
    transferor = dial.referral.transferor
    turn.change_dial(dialler.sid, referral=None)
    text = _document(turn, event)
    if text is None or turn.call(event.call).over:
        turn.command(Notify(transferor, Status.SERVICE_UNAVAILABLE))
        return
    turn.command(Notify(transferor, Status.OK))
    dial = turn.call(dialler.sid).dial
    assert dial is not None
    separate(turn, dialler.sid, dial, {event.call})
    load(turn, event.call, msgspec.structs.replace(fresh_run(turn, event.call), base_url=event.url), text)


def _document(turn: Turn, event: Fetched) -> str | None:
    """What the application answered, if it can be run; otherwise why not goes into the log."""
    if event.error:
        turn.problem(event.error, f"{event.url or 'referUrl'} gave no document (HTTP status {event.status})")
    text = None if event.error else as_rcml(turn, event)
    try:
        if text is not None:
            parse(text)
            return text
    except rcml.RcmlError as error:
        turn.problems((error.problem,))
    turn.problem(Code.TRANSFER_FAILED, "the transfer is not made: referUrl gave no document")
    return None


def dial_of(turn: Turn, call: Call) -> tuple[str, Dial] | None:
    """The Dial that ``call`` is in, as the one who dialled or as a leg, and the CallSid of the one who dialled."""
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
            give_up(turn, sid)


def leave(turn: Turn, dialler: str, dial: Dial, leg: str) -> None:
    """Take a leg that is not bridged out of the Dial; whether any is left is seen when the step settles."""
    turn.update(leg, independent=True)
    if dial.accepted == leg:
        turn.change_dial(dialler, accepted="")
    turn.command(Part(dialler, (leg,)))
