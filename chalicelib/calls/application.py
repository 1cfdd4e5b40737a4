"""What the application is asked: at which URL, in the name of which call, and whether anybody runs what it answers."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import msgspec

from ..catalogue import Code
from .commands import Fetch
from .parameters import voice_parameters
from .session import MOST_URL, Method, Run, WaitsFor
from .transition import Turn


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
    """Send the call to fetch its next document; ``run`` is what it keeps of the present one."""
    waits_for = WaitsFor("fetch", ask(turn, sid, url, method, extra))
    turn.update(sid, run=msgspec.structs.replace(run, waits_for=waits_for, hops=run.hops + 1))


def inform(turn: Turn, sid: str, url: str, method: Method, extra: dict[str, str]) -> None:
    """Ask the application in the name of the call; nobody runs what it answers."""
    request = ask(turn, sid, url, method, extra)
    turn.update(sid, unheard=(*turn.call(sid).unheard, request))


def ask(turn: Turn, sid: str, url: str, method: Method, extra: dict[str, str]) -> str:
    """Ask the application in the name of the call; returns the id that the answer will have."""
    request = turn.new_id("FE")
    parameters = voice_parameters(turn.session, turn.call(sid)) | extra
    turn.command(Fetch(sid, request, turn.session.account_sid, url, method, parameters))
    return request


def abandon(turn: Turn, sid: str) -> None:
    """Take the call off its document.  A fetch that is under way is still waited for, and not run."""
    call = turn.call(sid)
    fetching = call.run.fetching if call.run is not None else ""
    turn.update(sid, run=None, unheard=(*call.unheard, fetching) if fetching else call.unheard)
