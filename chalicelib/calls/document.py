"""A call runs a document: the one mechanism behind the caller's RCML and a callee's screening document.

A document's verbs run in order.  Consecutive media verbs go out as one performance, so that the caller hears no gap
of a round trip between them; every other verb takes a decision here and now (see `verbs`).
"""

from __future__ import annotations

from xml.sax.saxutils import escape

import msgspec

from .. import rcml
from ..catalogue import Code
from .application import fall_back, fetch_document, fresh_run, media_flows
from .commands import Answer, Pause, Perform
from .dial.dial import begin_dial
from .documents import parse
from .events import Fetched, Performed
from .screening import document_ended, refuse_dial
from .session import Call, Run, WaitsFor
from .transition import Turn
from .verbs import gather, hangup, redirect, reject
from .verbs.performance import Item, leading_items

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


def on_fetched(turn: Turn, event: Fetched) -> None:
    """The application answered.  For a call that has ended the answer is not run (docs/contract.md §2)."""
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
    """The body as an RCML document, by its content type (docs/contract.md §5); None when it is nothing we can run."""
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
        sid, run=msgspec.structs.replace(run, document=turn.keep_document(text), position=0, waits_for=None)
    )
    advance(turn, sid)


def on_performed(turn: Turn, event: Performed) -> None:
    """The media verbs up to here are done.  Digits go to the Gather among them; without any the next verb runs."""
    call = turn.call(event.call)
    run = call.run
    if call.over or run is None:
        return
    if event.error:
        turn.problem(event.error, "a media verb could not be performed")
    run = msgspec.structs.replace(run, hops=0, waits_for=None)
    turn.update(call.sid, run=run)
    verbs = parse(turn.document(run.document)).verbs
    verb = verbs[run.position - 1] if run.position else None
    if event.digits and isinstance(verb, rcml.Gather):
        gather.resume(turn, call.sid, run, verb, event.digits)
    else:
        advance(turn, call.sid)


def advance(turn: Turn, sid: str) -> None:
    """Run the verbs from the present position until one has to wait."""
    call = turn.call(sid)
    run = call.run
    if run is None or call.over:
        return
    verbs = parse(turn.document(run.document)).verbs[run.position :]
    items = leading_items(turn, run, verbs, answered=media_flows(call))
    if items:
        _perform(turn, call, run, items)
    elif not verbs:
        document_ended(turn, call)
    else:
        turn.update(sid, run=msgspec.structs.replace(run, position=run.position + 1))
        _begin(turn, turn.call(sid), verbs[0])
        go_on(turn, sid)


def _perform(turn: Turn, call: Call, run: Run, items: list[Item]) -> None:
    if not media_flows(call) and not all(isinstance(item, Pause) for item in items):
        turn.command(Answer(call.sid))
    performance = turn.new_id("PE")
    waits_for = WaitsFor("performance", performance)
    turn.update(
        call.sid,
        run=msgspec.structs.replace(run, position=run.position + len(items), waits_for=waits_for),
    )
    turn.command(Perform(call.sid, performance, tuple(items)))


def _begin(turn: Turn, call: Call, verb: rcml.Verb) -> None:
    """Begin a verb that plays nothing: it decides what comes next, or is over at once."""
    match verb:
        case rcml.Redirect():
            redirect.begin(turn, call, verb)
        case rcml.Reject():
            reject.begin(turn, call, verb)
        case rcml.Dial() if call.dialled_by_document:
            refuse_dial(turn, call, verb)
        case rcml.Dial():
            begin_dial(turn, call.sid, verb)
        case _:
            hangup.begin(turn, call)


def go_on(turn: Turn, sid: str) -> None:
    """Let the document go on behind a verb that is over, unless the application is being asked."""
    call = turn.call(sid)
    if call.dial is None and not call.over and call.run is not None and call.run.waits_for is None:
        advance(turn, sid)
