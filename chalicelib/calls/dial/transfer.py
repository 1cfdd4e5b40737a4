"""REFER: a party of a bridge asks us to connect the other one elsewhere (RFC 3515), and the application decides.

The application is asked at ``referUrl`` in the name of the party that is to be transferred.  Until it has answered the
two go on talking; when it gives no document they still do, and the transferor hears why by NOTIFY.  A document ends
their Dial: the transferor is told 200 and hung up, the other one runs the document.
"""

from __future__ import annotations

import msgspec

from ... import rcml
from ...catalogue import Code
from ...sip.status import Status
from ..application import ask, fresh_run
from ..commands import Notify
from ..document import as_rcml, load
from ..documents import parse
from ..events import Fetched, Referred
from ..session import Call, Dial, Referral
from ..transition import Turn
from .leave import dial_of, separate


def on_referred(turn: Turn, call: Call, event: Referred) -> None:
    """Ask the application.  A second REFER meanwhile, or one of a call that is not bridged, is declined."""
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
    """The party that ``sid`` is bridged to; empty when there is none."""
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
    """The application's document, if it can be run; else None, with the reason in the log."""
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
