"""POST Calls: a call that the API made waits for a task, and is dialled by the one that claims it."""

from __future__ import annotations

from .. import sip
from .commands import Invite, OutboundLeg
from .dial.placing import identity_headers
from .events import Claimed, Created
from .leg import end_call
from .routing.admission import admit_one_more, admit_uri, policy_of, reference, rules_of
from .routing.clients import client_routes
from .routing.numbers import number_route
from .routing.routes import NoRouteError, Route, route_uri
from .session import Call, Launch, Session
from .transition import Step, Turn

CLIENT = "client:"


def created(event: Created) -> Step:
    """The session of a call that nobody has claimed yet."""
    parent = Call(
        sid=event.call,
        direction="outbound-api",
        to=event.to,
        created_at=event.at,
        from_=event.from_,
        hook=event.application.status_hook,
    )
    return Step(
        Session(
            sid=event.call,
            account_sid=event.application.account_sid,
            calls={parent.sid: parent},
            application=event.application,
            launch=event.launch,
        )
    )


def on_claimed(turn: Turn, event: Claimed) -> None:
    """A task will place the call: it is told how, or why not."""
    parent = turn.find(turn.session.sid)
    launch = turn.session.launch
    if parent is None or launch is None or turn.session.task:
        return
    turn.change_session(task=event.task, launch=None)
    try:
        route = _route(turn, parent.to, launch)
        admit_one_more(turn)
    except NoRouteError as error:
        turn.problem(error.code, error.message)
        end_call(turn, turn.update(parent.sid, to=parent.to.partition("?")[0], run=None), error=error.code)
        return
    shown = route.uri.without_headers if _is_sip(parent.to) else parent.to.partition("?")[0]
    parent = turn.update(parent.sid, to=shown)
    turn.command(Invite(_first_leg(turn, parent, route, launch), time_limit=launch.time_limit))


def _is_sip(to: str) -> bool:
    return to[:5].lower().startswith(("sip:", "sips:"))


def _route(turn: Turn, to: str, launch: Launch) -> Route:
    """A SIP URI, a client at its most wanted contact, or a number.  Raises NoRouteError."""
    if to.startswith(CLIENT):
        return client_routes(turn, to.removeprefix(CLIENT))[0]
    if not _is_sip(to):
        return number_route(turn, to)
    uri = route_uri(to)
    admit_uri(turn, uri)
    return Route(
        uri=uri,
        username=launch.username,
        password=launch.password,
        credential_ref=reference(turn, launch.credential_ref),
        rules=rules_of(turn),
        proxy=policy_of(turn).outbound_proxy,
    )


def _first_leg(turn: Turn, parent: Call, route: Route, launch: Launch) -> OutboundLeg:
    headers, warnings = sip.invite_headers(route.uri)
    for warning in warnings:
        turn.problem(warning.code, warning.message)
    return route.leg(
        call=parent.sid,
        caller=parent.from_,
        headers=headers + identity_headers(turn, parent),
        timeout=launch.timeout,
    )
