"""The INVITEs to send for a leg: to its proxy, to where its URI leads, to where its telephone registered from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.calls.commands import OutboundLeg
from chalicelib.catalogue import Code
from chalicelib.sip.uri import read_uri

from .credentials import Credentials
from .resolver import Resolver, is_address
from .target import Target, TargetError

Unseal = Callable[[str], str]
"""Opens a sealed password; blocks."""


@dataclass(frozen=True)
class Hop:
    """An INVITE to send: the Request-URI, what answers a challenge, and the way there (see `Target.hop`).

    ``secure_media``: SRTP or no call.
    """

    uri: str
    username: str
    password: str = field(repr=False)
    next_hop: str
    secure_media: bool
    ipv6: bool


class Router:
    """Finds them, off the loop: everything here blocks."""

    def __init__(self, resolver: Resolver, credentials: Credentials, unseal: Unseal) -> None:
        self._resolver = resolver
        self._credentials = credentials
        self._unseal = unseal

    def hops(self, command: OutboundLeg, uri: str) -> tuple[Hop, ...]:
        """Blocks on DNS, and on the key service for a sealed password."""
        # The challenge of a place that we were redirected to is not answered: a stranger could have passwords checked.
        dialled = read_uri(command.uri)
        place = dialled if uri == command.uri else read_uri(uri)
        username, password = self._credential(command) if place.host == dialled.host else ("", "")
        secure = dialled.secure_media
        return tuple(
            Hop(uri, username, password, target.hop(place), secure, ipv6=":" in target.address)
            for target in self._targets(command, uri)
        )

    def _targets(self, command: OutboundLeg, uri: str) -> tuple[Target, ...]:
        """Where to send the INVITE for ``uri``: to the proxy, or else to where its host leads.

        A telephone behind NAT is where its REGISTER came from; where its Contact leads is the second try, if at all.
        """
        if command.proxy:
            self._judge_behind_proxy(command, uri)
            return self._resolver.targets(command.proxy, None)
        if not command.received or uri != command.uri:
            return self._resolver.targets(uri, command.rules)
        found: list[Target] = []
        refused = TargetError(Code.SIP_HOST_REFUSED)
        for place, rules in ((command.received, None), (uri, command.rules)):
            try:
                if rules is not None and not rules.permit_user(read_uri(place).user):
                    raise TargetError(Code.SIP_HOST_REFUSED)
                found += self._resolver.targets(place, rules)
            except TargetError as error:
                refused = error
        if not found:
            raise refused
        return tuple(dict.fromkeys(found))

    def _judge_behind_proxy(self, command: OutboundLeg, uri: str) -> None:
        """Raises TargetError for a callee that may not be called: the proxy would find him all the same.

        An address is judged as ever.  What a name leads to only the proxy knows: rules that name networks know no name.
        """
        want = read_uri(uri)
        if is_address(want.host):
            self._resolver.targets(uri, command.rules)
        elif command.rules and not command.rules.permit_target(want.host, "", want.port or want.default_port):
            raise TargetError(Code.SIP_HOST_REFUSED)

    def _credential(self, command: OutboundLeg) -> tuple[str, str]:
        """User name and password, both empty when the leg has none."""
        if command.credential_ref:
            stored = self._credentials(command.credential_ref)
            return stored.username, stored.password
        return command.username, self._unseal(command.password) if command.username else ""

    def redirected(self, command: OutboundLeg, places: tuple[str, ...]) -> tuple[Hop, ...]:
        """The hops to those of ``places`` that are permitted.  Raises the TargetError of the first if there is none."""
        hops: list[Hop] = []
        errors: list[TargetError] = []
        for uri in places:
            try:
                if not _permitted(command, uri):
                    raise TargetError(Code.SIP_HOST_REFUSED)
                hops += self.hops(command, uri)
            except TargetError as error:
                errors.append(error)
        if not hops:
            raise errors[0]
        return tuple(hops)


def _permitted(command: OutboundLeg, uri: str) -> bool:
    """By the account's rules; and what was to go over TLS stays on it."""
    place = read_uri(uri)
    if read_uri(command.uri).transport == "tls" and place.transport != "tls":
        return False
    rules = command.rules
    return rules is None or (
        rules.permit_user(place.user) and rules.permit_name(place.host, place.port or None)
    )
