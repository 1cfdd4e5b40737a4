"""Where the INVITE for a noun of a Dial, or for the To of the API, goes, or why it may not be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ... import sip
from ...catalogue import Code
from ...sip.headers import Headers
from ..commands import OutboundLeg
from ..session import Session
from ..transition import Turn
from ..types import Contact
from .policy import SEPARATORS, HostRules, Policy, chosen

MOST_CALLS = 200
"""Calls of one session, with those that have ended while their Dial goes on.  Without a limit, a document that dials
ten callees each second would have 320 that wait for the answer to their CANCEL (32 s, RFC 3261 §9.1)."""


class NoRouteError(Exception):
    """The noun cannot be dialled: ``code`` of the catalogue, and a message that shows no secret."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Credentials:
    """What answers a challenge: a name and a sealed password, or the name of a stored secret."""

    username: str = ""
    password: str = field(default="", repr=False)
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """``uri`` is the Request-URI with the custom headers; the other fields are those of `commands.OutboundLeg`.

    ``from_host``: the host of From where the caller is no SIP URI; empty: ours.
    """

    uri: sip.SipUri
    to: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    credential_ref: str = ""
    rules: HostRules | None = None
    proxy: str = ""
    received: str = ""
    from_host: str = ""

    def leg(self, *, call: str, caller: str, headers: Headers, **fields: Any) -> OutboundLeg:
        """The leg of ``call`` that goes this way; ``fields`` are those that do not depend on the way."""
        return OutboundLeg(
            call=call,
            uri=self.uri.without_headers,
            to=self.to,
            from_uri=self._sender(caller),
            headers=headers,
            username=self.username,
            password=self.password,
            credential_ref=self.credential_ref,
            rules=self.rules,
            proxy=self.proxy,
            received=self.received,
            **fields,
        )

    def _sender(self, caller: str) -> str:
        """``caller`` as the From of this leg."""
        if not self.from_host:
            return caller
        user = sip.read_uri(caller).user if sip.is_sip(caller) else caller
        return f"sip:{user}@{self.from_host}" if user else caller


def route_uri(text: str) -> sip.SipUri:
    """``text`` as a SIP URI.  Raises NoRouteError with the code of what is wrong with it."""
    try:
        return sip.parse_uri(text)
    except sip.InvalidSipUri as error:
        raise NoRouteError(error.code, error.message) from None


def asked_headers(turn: Turn, route: Route, line: int = 0) -> Headers:
    """The headers that the URI asks for on its INVITE; those that are left out are noted with the noun's ``line``."""
    headers, warnings = sip.invite_headers(route.uri)
    for warning in warnings:
        turn.problem(warning.code, warning.message, line)
    return headers


def sip_route(turn: Turn, target: str, credentials: Credentials) -> Route:
    """The route to the URI ``target``, through the account's outbound proxy if there is one.  Raises NoRouteError."""
    uri = route_uri(target)
    admit_uri(turn, uri)
    return Route(
        uri=uri,
        username=credentials.username,
        password=credentials.password,
        credential_ref=reference(turn, credentials.reference),
        rules=rules_of(turn),
        proxy=policy_of(turn).outbound_proxy,
    )


def number_route(turn: Turn, target: str) -> Route:
    """The route through the trunk with the longest prefix of the number.  Raises NoRouteError.

    ``target``: the number as written, perhaps with ``?header=value`` behind it.
    """
    written, mark, headers = target.partition("?")
    number = written.translate(SEPARATORS)
    trunk = chosen(policy_of(turn).trunks, number)
    if trunk is None:
        raise NoRouteError(
            Code.NUMBER_NOT_ROUTABLE, f"no trunk of the account takes the number {written[:60]!r}"
        )
    admit_user(turn, number)
    return Route(
        uri=route_uri(f"{trunk.uri(number)}{mark}{headers}"),
        credential_ref=reference(turn, trunk.credential_ref),
        rules=_trunk_rules(turn),
        proxy=trunk.proxy,
        from_host=trunk.from_host,
    )


def _trunk_rules(turn: Turn) -> HostRules | None:
    """Hosts and ports are those of the trunk; what a redirection may dial is still judged by its number."""
    rules = rules_of(turn)
    if rules is None:
        return None
    return HostRules(allowed_prefixes=rules.allowed_prefixes, refused_prefixes=rules.refused_prefixes)


def client_routes(turn: Turn, target: str) -> tuple[Route, ...]:
    """A route for each contact, the highest ``q`` first: all telephones ring.  Raises NoRouteError.

    ``target``: the name of the client, perhaps with ``?header=value`` behind it.
    """
    name, mark, headers = target.partition("?")
    contacts = turn.contacts_of(name.strip())
    if not contacts:
        raise NoRouteError(Code.CLIENT_NOT_REGISTERED, f"the client {name[:60]!r} is not registered")
    return tuple(_contact_route(turn, contact, mark + headers) for contact in contacts)


def _contact_route(turn: Turn, contact: Contact, headers: str) -> Route:
    """A contact may name any place, so the account's rules apply to it; they do not apply to the address that the
    client registered from.
    """
    uri = route_uri(contact.uri + headers)  # a contact is kept without headers
    return Route(uri=uri, to=contact.aor, rules=rules_of(turn), received=contact.received)


def admit_uri(turn: Turn, uri: sip.SipUri) -> None:
    """Raises NoRouteError when the rules of the account refuse ``uri``.

    Addresses that a name resolves to are judged by the task, by the same rules.
    """
    rules = rules_of(turn)
    admit_user(turn, uri.user)
    if rules is not None and not rules.permit_name(uri.host, uri.port):
        raise NoRouteError(Code.SIP_HOST_REFUSED, "the account may not call this host or port")


def admit_user(turn: Turn, user: str) -> None:
    """Raises NoRouteError when the account may not call this number or user, on whatever host."""
    rules = rules_of(turn)
    if rules is not None and not rules.permit_user(user):
        raise NoRouteError(Code.NUMBER_BLOCKED, "the account may not call this number or user")


def admit_one_more(turn: Turn) -> None:
    """Raises NoRouteError when the account is at a limit, or the session.

    The call that is asked about is in the session already.
    """
    if len(turn.calls()) > MOST_CALLS:
        raise NoRouteError(Code.DIAL_TOO_MANY_NOUNS, "the session has too many calls that have not ended yet")
    if turn.quota is not None and _placed(turn) > turn.quota.left:
        raise NoRouteError(turn.quota.code, "the account is at the limit of its calls")


def policy_of(turn: Turn) -> Policy:
    """What the account may dial; without a policy, everything."""
    application = turn.session.application
    return (application.policy if application else None) or Policy()


def rules_of(turn: Turn) -> HostRules | None:
    """The host rules of the account."""
    return policy_of(turn).rules


def reference(turn: Turn, name: str) -> str:
    """The stored secret ``name`` of the account, as the task asks for it; empty for none."""
    return f"{turn.session.account_sid}/{name}" if name else ""


def live_calls(session: Session) -> frozenset[str]:
    """The calls that the account has placed and that have not ended.  One that waits for a task is not placed yet."""
    waiting = session.sid if session.launch is not None else ""
    return frozenset(
        call.sid
        for call in session.calls.values()
        if call.direction != "inbound" and not call.over and call.sid != waiting
    )


def _placed(turn: Turn) -> int:
    """How many calls this step places, with the one that is to be admitted."""
    new = sum(call.sid not in turn.session.calls and not call.over for call in turn.calls())
    return new + (turn.session.launch is not None)
