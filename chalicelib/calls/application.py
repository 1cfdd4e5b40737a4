"""Requests to the application, on behalf of a call, and what becomes of the call when there is no document."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import msgspec

from ..catalogue import Code
from ..sip.status import Status
from .commands import Answer, Fetch, Hangup, Reject
from .parameters import voice_parameters
from .session import MOST_URL, Call, Run, WaitsFor
from .transition import Turn
from .types import Method

MAX_HOPS = 20


def resolve(turn: Turn, run: Run, url: str) -> str | None:
    """``url`` made absolute against the document of ``run``; None (and a problem) when it cannot be."""
    try:
        absolute = urljoin(run.base_url, url)
        parts = urlsplit(absolute)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and len(absolute) <= MOST_URL
    except ValueError:
        valid = False
    if valid:
        return absolute
    turn.problem(
        Code.INVALID_URL,
        f"no absolute http(s) URL of at most {MOST_URL} characters, also not with that of the document:"
        f" {url[:200]!r}",
    )
    return None


def absolute(turn: Turn, sid: str, url: str | None) -> str:
    """``url`` against the document that the call runs; empty when there is none or it cannot be used."""
    run = turn.call(sid).run
    return (resolve(turn, run, url) or "") if url and run is not None else ""


def fetch(turn: Turn, sid: str, run: Run, url: str, method: Method, extra: dict[str, str]) -> None:
    """Have the call fetch its next document; ``run`` is what it keeps of the present one."""
    waits_for = WaitsFor("fetch", ask(turn, sid, url, method, extra))
    turn.update(sid, run=msgspec.structs.replace(run, waits_for=waits_for, hops=run.hops + 1))


def inform(turn: Turn, sid: str, url: str, method: Method, extra: dict[str, str]) -> None:
    """Ask the application on behalf of the call; the document that it returns is not run."""
    request = ask(turn, sid, url, method, extra)
    turn.update(sid, unheard=(*turn.call(sid).unheard, request))


def ask(turn: Turn, sid: str, url: str, method: Method, extra: dict[str, str]) -> str:
    """Ask the application on behalf of the call; returns the id that the answer will have."""
    request = turn.new_id("FE")
    parameters = voice_parameters(turn.session, turn.call(sid)) | extra
    turn.command(Fetch(sid, request, turn.session.account_sid, url, method, parameters))
    return request


def abandon(turn: Turn, sid: str) -> None:
    """End the run of the call.  A fetch that is under way is still awaited, but its document is not run."""
    call = turn.call(sid)
    fetching = call.run.fetching if call.run is not None else ""
    turn.update(sid, run=None, unheard=(*call.unheard, fetching) if fetching else call.unheard)


def fresh_run(turn: Turn, sid: str) -> Run:
    """A run of the call ``sid`` that has no document yet; the application's fallback URL is for the parent call."""
    application = turn.session.application
    if application is None or sid != turn.session.sid:
        return Run()
    return Run(fallback_url=application.fallback_url, fallback_method=application.fallback_method)


def fetch_document(turn: Turn, sid: str, run: Run, url: str, method: Method, extra: dict[str, str]) -> None:
    """Go on with the document at ``url``.  Without an absolute URL, or after too many hops, the run fails."""
    target = resolve(turn, run, url)
    if target is None:
        fail(turn, sid)
    elif run.hops >= MAX_HOPS:
        turn.problem(
            Code.HTTP_TOO_MANY_REDIRECTS, f"{MAX_HOPS} documents in a row did nothing but point at another"
        )
        fail(turn, sid)
    else:
        fetch(turn, sid, run, target, method, extra)


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


def media_flows(call: Call) -> bool:
    """Whether the call can hear: a caller cannot before the answer."""
    return call.answered or call.direction != "inbound"


def hang_up(turn: Turn, call: Call) -> None:
    """End the call.  A caller not yet answered is answered first, as on other platforms: Hangup is not Reject."""
    turn.update(call.sid, run=None)
    if not media_flows(call):
        turn.command(Answer(call.sid))
    _end(turn, call.sid)


def _end(turn: Turn, sid: str) -> None:
    """Hang up; a leg is out of its Dial at once, not when its BYE is answered."""
    turn.command(Hangup(sid))
    if turn.call(sid).parent_sid:
        turn.give_up(sid)
