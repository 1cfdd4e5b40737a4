"""The legs of a Dial: which nouns ring together, and the child calls and INVITEs that each of them makes.

``priority``: the lowest rings first, as in RFC 2782; the next one when every leg of it is out.  ``sequential``: one
leg after another.  ``weight`` decides who of one priority is tried first, and so counts only there: where all ring
together every one of them is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ... import rcml, sip
from ...catalogue import Code
from ...sip.headers import Headers
from ..application import absolute
from ..commands import OutboundLeg
from ..parameters import API_VERSION
from ..routing.loops import hop_headers
from ..routing.routes import (
    Credentials,
    NoRouteError,
    Route,
    admit_one_more,
    asked_headers,
    client_routes,
    number_route,
    sip_route,
)
from ..session import Call, StatusHook
from ..transition import Turn

Round = tuple[int, ...]
"""Places of nouns in their Dial, counted from 0."""


@dataclass(frozen=True)
class Placed:
    """A child call, and the leg to INVITE; None: it failed with ``error``, a code of the catalogue."""

    sid: str
    leg: OutboundLeg | None
    error: int = 0


def place(turn: Turn, sid: str, verb: rcml.Dial, noun: rcml.Noun) -> Iterator[Placed]:
    """The child calls of ``noun``, dialled by the call ``sid``: one, or one for each contact of a ``<Client>``.

    Each is made when it is asked for: one that failed must have ended when the next is counted.
    """
    try:
        routes = _routes(turn, noun)
    except NoRouteError as error:
        yield _failed(turn, _child(turn, sid, verb, noun), error, noun.line)
        return
    for route in routes:
        yield _place(turn, verb, noun, route, _child(turn, sid, verb, noun))


def _routes(turn: Turn, noun: rcml.Noun) -> tuple[Route, ...]:
    """Where the INVITEs go.  Raises NoRouteError."""
    if noun.problem is not None:
        raise NoRouteError(noun.problem.code, noun.problem.message)
    if isinstance(noun, rcml.Sip):
        credentials = Credentials(noun.username or "", noun.password or "", noun.credential_ref or "")
        return (sip_route(turn, noun.target, credentials),)
    if isinstance(noun, rcml.Number):
        return (number_route(turn, noun.target),)
    return client_routes(turn, noun.target)


def _child(turn: Turn, sid: str, verb: rcml.Dial, noun: rcml.Noun) -> Call:
    dialler = turn.call(sid)
    caller = _caller(dialler, verb)
    child = Call(
        sid=turn.new_id("CA"),
        direction="outbound-dial",
        to=_shown(noun),
        created_at=turn.at,
        from_=caller.uri,
        caller_name=caller.display_name,
        status="initiated",
        parent_sid=sid,
        hook=_hook(turn, sid, noun),
        screening_url=absolute(turn, sid, noun.url),
        screening_method=noun.method,
    )
    turn.add(child)
    return child


def _failed(turn: Turn, child: Call, error: NoRouteError, line: int) -> Placed:
    turn.problem(error.code, error.message, line)
    return Placed(child.sid, None, error.code)


def _place(turn: Turn, verb: rcml.Dial, noun: rcml.Noun, route: Route, child: Call) -> Placed:
    try:
        admit_one_more(turn)
    except NoRouteError as error:
        return _failed(turn, child, error, noun.line)
    for warning in route.uri.warnings:
        turn.problem(warning.code, warning.message, noun.line)
    headers = asked_headers(turn, route, noun.line)
    if not isinstance(noun, rcml.Number) and noun.video is not None:
        turn.problems((rcml.Problem(Code.NO_VIDEO, "placed with audio only", noun.line, 0),))
    timeout, delay = (noun.timeout, noun.delay) if isinstance(noun, rcml.Sip) else (None, 0)
    leg = route.leg(
        call=child.sid,
        caller=child.from_,
        from_name=child.caller_name,
        headers=headers + identity_headers(turn, child),
        screened=bool(child.screening_url),
        timeout=timeout or verb.timeout,
        delay=delay,
        send_digits=(noun.send_digits or "") if isinstance(noun, rcml.Number) else "",
    )
    return Placed(child.sid, leg)


def _caller(dialler: Call, verb: rcml.Dial) -> sip.Address:
    """The caller that the legs see: ``callerId``, split into name and URI if it has a display name; else the caller."""
    if not verb.caller_id:
        return sip.Address(dialler.caller_name, dialler.from_)
    return sip.address_of(verb.caller_id) if "<" in verb.caller_id else sip.Address("", verb.caller_id)


def _shown(noun: rcml.Noun) -> str:
    """The target as customers see it: without header part, and without a password in the URI."""
    target = noun.target.partition("?")[0].strip()
    if isinstance(noun, rcml.Client):
        return f"client:{target}"
    if isinstance(noun, rcml.Number):
        return target
    try:
        return sip.parse_uri(noun.target).without_headers
    except sip.InvalidSipUri:
        address, at, host = target.rpartition("@")
        return ":".join(address.split(":")[:2]) + at + host


def _hook(turn: Turn, sid: str, noun: rcml.Noun) -> StatusHook | None:
    url = absolute(turn, sid, noun.status_callback)
    if not url:
        return None
    return StatusHook(url, noun.status_callback_method, noun.status_callback_events)


def identity_headers(turn: Turn, call: Call) -> Headers:
    """The headers by which a callee's network can name the call to us (docs/contract.md §3)."""
    headers = (
        ("X-CallAPI-AccountSid", turn.session.account_sid),
        ("X-CallAPI-CallSid", call.sid),
        ("X-CallAPI-ParentCallSid", call.parent_sid),
        ("X-CallAPI-ApiVersion", API_VERSION),
    )
    return tuple((name, value) for name, value in headers if value) + hop_headers(turn.session)


def rounds(turn: Turn, verb: rcml.Dial) -> tuple[Round, ...]:
    """Every noun once, in the rounds in which they ring."""
    groups: dict[int, list[int]] = {}
    for place, noun in enumerate(verb.nouns):
        groups.setdefault(noun.priority if isinstance(noun, rcml.Sip) else 0, []).append(place)
    ordered = [groups[priority] for priority in sorted(groups)]
    if not verb.sequential:
        return tuple(tuple(group) for group in ordered)
    return tuple((place,) for group in ordered for place in _drawn(turn, verb, group))


def _drawn(turn: Turn, verb: rcml.Dial, places: list[int]) -> list[int]:
    """The places in the order of a draw in which each has as many lots as its weight (RFC 2782).

    Without any weight they keep the order of the document.
    """
    weights = {place: _weight(verb.nouns[place]) for place in places}
    if set(weights.values()) == {1}:
        return places
    order = []
    while weights:
        place = _draw(turn, weights)
        del weights[place]
        order.append(place)
    return order


def _draw(turn: Turn, weights: dict[int, int]) -> int:
    lot = int(turn.new_id(""), 16) % sum(weights.values())
    for place, weight in weights.items():
        lot -= weight
        if lot < 0:
            return place
    raise AssertionError("a lot beyond the last one")


def _weight(noun: rcml.Noun) -> int:
    return noun.weight if isinstance(noun, rcml.Sip) else 1
