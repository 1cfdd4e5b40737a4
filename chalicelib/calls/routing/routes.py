"""From a noun of a Dial, or the To of the API, to where its INVITE goes, or why it may not go there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ... import sip
from ...catalogue import Code
from ..commands import OutboundLeg
from ..registration import Contact
from ..session import Headers
from ..transition import Turn
from .admission import NoRouteError as NoRouteError
from .admission import admit_uri, admit_user, policy_of, reference, rules_of
from .policy import HostRules
from .trunks import SEPARATORS, chosen


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


def sip_route(turn: Turn, target: str, credentials: Credentials) -> Route:
    """To the URI ``target``, perhaps by the account's outbound proxy.  Raises NoRouteError."""
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
    """Through the trunk that has the longest prefix of the number.  Raises NoRouteError.

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
    """One for each contact, the most wanted first: all its telephones ring.  Raises NoRouteError.

    ``target``: the name of the client, perhaps with ``?header=value`` behind it.
    """
    name, mark, headers = target.partition("?")
    contacts = turn.contacts_of(name.strip())
    if not contacts:
        raise NoRouteError(Code.CLIENT_NOT_REGISTERED, f"the client {name[:60]!r} is not registered")
    return tuple(_contact_route(turn, contact, mark + headers) for contact in contacts)


def _contact_route(turn: Turn, contact: Contact, headers: str) -> Route:
    """A contact may name any place: it is gone to only under the account's rules, but to where the client itself
    registered from always.
    """
    uri = route_uri(contact.uri + headers)  # a contact is kept without headers
    return Route(uri=uri, to=contact.aor, rules=rules_of(turn), received=contact.received)
