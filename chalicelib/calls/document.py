"""A call runs a document: the one mechanism behind the caller's RCML and a callee's screening document.

A document's verbs run in order.  Consecutive media verbs go out as one performance, so that the caller hears no gap
of a round trip between them; every other verb takes a decision here and now.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

import msgspec

from .. import rcml
from ..catalogue import Code
from ..sip.status import Status
from .commands import Answer, Bridge, Hangup, Pause, Perform, Reject
from .dial.dial import begin_dial, give_up
from .documents import parse
from .events import Fetched, Performed
from .session import Call, Method, Run
from .transition import Turn
from .verbs.media import Item, leading_items

MAX_HOPS = 20
REJECT_CODES = {"rejected": Status.NOT_FOUND, "busy": Status.BUSY_HERE}
RCML_TYPES = ("text/xml", "application/xml", "text/html")


def start(turn: Turn, sid: str) -> None:
    """Run the application's document on the call ``sid``: the inline one, or what its URL answers."""
    application = turn.session.application
    if application is None:
        return
    run = fresh_run(turn, sid)
    if application.rcml:
        load(turn, sid, run, application.rcml)
    else:
        fetch_document(turn, sid, run, application.url, application.method, {})


def fresh_run(turn: Turn, sid: str) -> Run:
    """A run of the call ``sid`` that has no document yet; the application's fallback URL is for the parent call."""
    application = turn.session.application
    if application is None or sid != turn.session.sid:
        return Run()
    return Run(fallback_url=application.fallback_url, fallback_method=application.fallback_method)


def fetch_document(turn: Turn, sid: str, run: Run, url: str, method: Method, extra: dict[str, str]) -> None:
    """Go on with the document at ``url``.  Without an absolute URL, or after too many hops, the run fails."""
    absolute = turn.resolve(run, url)
    if absolute is None:
        fail(turn, sid)
    elif run.hops >= MAX_HOPS:
        turn.problem(
            Code.HTTP_TOO_MANY_REDIRECTS, f"{MAX_HOPS} documents in a row did nothing but point at another"
        )
        fail(turn, sid)
    else:
        turn.fetch(sid, run, absolute, method, extra)


def on_fetched(turn: Turn, event: Fetched) -> None:
    """The application answered.  For a call that has ended the answer is not run (CONTRACT §2)."""
    call = turn.call(event.call)
    run = call.run
    if run is None:
        return
    if call.over:
        turn.update(call.sid, run=None)
        return
    if event.error:
        turn.problem(event.error, f"{event.url or 'the URL'} gave no document (HTTP status {event.status})")
        fall_back(turn, call, event.error, event.url)
        return
    text = as_rcml(turn, event)
    if text is None:
        fall_back(turn, call, Code.INVALID_CONTENT_TYPE, event.url)
        return
    load(turn, call.sid, msgspec.structs.replace(run, base_url=event.url or run.base_url), text)


def as_rcml(turn: Turn, event: Fetched) -> str | None:
    """The body as an RCML document, by its content type (CONTRACT §5); None when it is nothing we can run."""
    kind = event.content_type.partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        return f"<Response><Play>{escape(event.url)}</Play></Response>"
    if kind == "text/plain":
        return f"<Response><Say>{escape(event.body)}</Say></Response>"
    if kind in RCML_TYPES:
        return event.body
    turn.problem(Code.INVALID_CONTENT_TYPE, f"content type {kind[:80]!r} is no RCML, audio or text")
    return None


def load(turn: Turn, sid: str, run: Run, text: str) -> None:
    """Begin the document ``text`` on the call, or fall back when it is not RCML."""
    try:
        document = parse(text)
    except rcml.RcmlError as error:
        turn.problems((error.problem,))
        turn.update(sid, run=run)
        fall_back(turn, turn.call(sid), error.problem.code, run.base_url)
        return
    turn.problems(document.problems)
    turn.update(
        sid, run=msgspec.structs.replace(run, document=turn.keep_document(text), position=0, waiting="")
    )
    advance(turn, sid)


def fall_back(turn: Turn, call: Call, code: int, url: str) -> None:
    """Ask the fallback URL, once; without one the run has failed."""
    run = call.run
    if run is None or not run.fallback_url:
        fail(turn, call.sid)
        return
    spent = msgspec.structs.replace(run, fallback_url="")
    extra = {"ErrorCode": str(code), "ErrorUrl": url}
    fetch_document(turn, call.sid, spent, run.fallback_url, run.fallback_method, extra)


def fail(turn: Turn, sid: str) -> None:
    """The call has no document to run: a caller is hung up, a leg being screened is out."""
    call = turn.update(sid, run=None)
    if call.direction == "inbound" and not call.answered:
        turn.update(sid, ending="failed")
        turn.command(Reject(sid, Status.SERVER_INTERNAL_ERROR))
    else:
        _end(turn, sid)


def on_performed(turn: Turn, event: Performed) -> None:
    """The media verbs up to here are done.  Digits go to Gather's action; none means the next verb."""
    call = turn.call(event.call)
    run = call.run
    if call.over or run is None:
        return
    if event.error:
        turn.problem(event.error, "a media verb could not be performed")
    run = msgspec.structs.replace(run, hops=0, waiting="")
    turn.update(call.sid, run=run)
    verbs = parse(turn.document(run.document)).verbs
    verb = verbs[run.position - 1] if run.position else None
    if event.digits and isinstance(verb, rcml.Gather):
        fetch_document(
            turn, call.sid, run, verb.action or run.base_url, verb.method, {"Digits": event.digits}
        )
    else:
        advance(turn, call.sid)


def advance(turn: Turn, sid: str) -> None:
    """Run the verbs from the present position until one has to wait."""
    call = turn.call(sid)
    run = call.run
    if run is None or call.over:
        return
    verbs = parse(turn.document(run.document)).verbs[run.position :]
    items = leading_items(turn, run, verbs, answered=_media_flows(call))
    if items:
        _perform(turn, call, run, items)
    elif not verbs:
        _document_ended(turn, call)
    else:
        turn.update(sid, run=msgspec.structs.replace(run, position=run.position + 1))
        _decide(turn, call, verbs[0])


def _media_flows(call: Call) -> bool:
    return call.answered or call.direction != "inbound"


def _perform(turn: Turn, call: Call, run: Run, items: list[Item]) -> None:
    if not _media_flows(call) and not all(isinstance(item, Pause) for item in items):
        turn.command(Answer(call.sid))
    performance = turn.new_id("PE")
    turn.update(
        call.sid,
        run=msgspec.structs.replace(run, position=run.position + len(items), waiting=performance),
    )
    turn.command(Perform(call.sid, performance, tuple(items)))


def _decide(turn: Turn, call: Call, verb: rcml.Verb) -> None:
    if isinstance(verb, rcml.Redirect):
        run = turn.call(call.sid).run or Run()
        fetch_document(turn, call.sid, run, verb.url, verb.method, {})
    elif isinstance(verb, rcml.Reject):
        _reject(turn, call, verb)
    elif isinstance(verb, rcml.Dial) and not call.dialled_by_document:
        _dial(turn, call.sid, verb)
    else:
        if isinstance(verb, rcml.Dial):
            turn.problem(Code.DIAL_IN_SCREENING, "a screening document may not contain Dial", verb.line)
        hang_up(turn, call)


def _dial(turn: Turn, sid: str, verb: rcml.Dial) -> None:
    """Start the Dial; when it was over at once and asks no action, the document goes on."""
    begin_dial(turn, sid, verb)
    go_on(turn, sid)


def go_on(turn: Turn, sid: str) -> None:
    """Let the document go on behind a Dial that is over, unless its action is being asked."""
    call = turn.call(sid)
    if call.dial is None and not call.over and call.run is not None and not call.run.waiting:
        advance(turn, sid)


def _reject(turn: Turn, call: Call, verb: rcml.Reject) -> None:
    if call.direction == "inbound" and not call.answered:
        turn.update(call.sid, run=None, ending="busy" if verb.reason == "busy" else "failed")
        turn.command(Reject(call.sid, REJECT_CODES[verb.reason]))
    else:
        hang_up(turn, call)


def _document_ended(turn: Turn, call: Call) -> None:
    """A caller whose document ended is hung up; a callee whose screening document ended is accepted."""
    dialler = turn.dialler(call)
    dial = dialler.dial if dialler is not None else None
    if dialler is None or call.independent or dial is None or dial.accepted or dial.bridged:
        hang_up(turn, call)
    else:
        turn.update(call.sid, run=None)
        turn.change_dial(dialler.sid, accepted=call.sid)
        turn.command(Bridge(dialler.sid, call.sid))


def hang_up(turn: Turn, call: Call) -> None:
    """End the call.  A caller not yet answered is answered first, as at other platforms: Hangup is no Reject."""
    turn.update(call.sid, run=None)
    if not _media_flows(call):
        turn.command(Answer(call.sid))
    _end(turn, call.sid)


def _end(turn: Turn, sid: str) -> None:
    """Hang up; a leg is out of its Dial at once, not when its BYE is answered."""
    turn.command(Hangup(sid))
    if turn.call(sid).parent_sid:
        give_up(turn, sid)
