"""One outbound leg on its way: look-up, INVITE, the next server while none has answered, and its limit of ringing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from chalicelib.calls import commands
from chalicelib.catalogue import Code
from chalicelib.sip.headers import Headers
from chalicelib.sip.name_addr import from_header
from chalicelib.sip.uri import read_uri

from ..engine.endpoint import AccountKey
from ..engine.loop import Timer
from ..routing.redirects import MOST, MOVED
from ..routing.resolver import TargetError, is_address
from ..routing.target import Target, loose
from .context import Context
from .leg import Leg

SILENCE_SECONDS = 4.0
"""After the fourth INVITE over UDP (0, 0.5, 1.5 and 3.5 s, RFC 3261 §17.1.1.2) another server is tried, if there is
one.  Timer B, 32 s, would be later than the leg's own limit."""


@dataclass(frozen=True)
class FinalResponse:
    """A final response to an INVITE."""

    code: int
    reason: str
    headers: Headers


@dataclass(frozen=True)
class Hop:
    """An INVITE to send: the Request-URI, and the way there."""

    uri: str
    route: AccountKey


class LegSetup:
    """From the command to the answer.  ``leg`` is another one after each INVITE that nobody answered."""

    def __init__(
        self,
        context: Context,
        new_leg: Callable[[], Leg],
        command: commands.OutboundLeg,
        ring_timeout: Callable[[Leg], None],
    ) -> None:
        self.leg = new_leg()
        self._context = context
        self._new_leg = new_leg
        self.command = command
        self._ring_timeout = ring_timeout
        self._hops: deque[Hop] = deque()
        self._been = {command.uri}
        self._redirections = 0
        self._given_up = False
        self._silence: Timer | None = None
        self._timer: Timer | None = (
            context.loop.after(command.delay, self._look_up) if command.delay else None
        )
        if self._timer is None:
            self._look_up()

    def answered(self) -> None:
        """It does not ring any more."""
        for timer in (self._timer, self._silence):
            if timer is not None:
                timer.cancel()

    def give_up(self) -> None:
        """Whatever it takes, also before the INVITE."""
        self.answered()
        self._given_up = True
        if self.leg.sip_call_id:
            self.leg.hang_up()
        else:
            self.leg.fail(0)

    def goes_on(self, leg: Leg, answer: FinalResponse) -> bool:
        """Whether another INVITE takes the place of ``leg``, which has ended.

        To the next server: never after any answer.  To another place: when the answer says so.
        """
        if self._given_up:
            return False
        if leg.heard:
            return answer.code in MOVED and self._follow(leg.contacts, answer)
        if self._hops:
            self._next()
            return True
        return False

    def _follow(self, contacts: tuple[str, ...], answer: FinalResponse) -> bool:
        """A place where this leg has been is not gone to again: that would be a circle."""
        places = tuple(uri for uri in contacts if uri not in self._been)
        if not places or self._redirections == MOST:
            return False
        self._redirections += 1
        self._been.update(places)
        self._hops.clear()
        self.leg = self._new_leg()
        work = partial(_redirected, self.command, places, self._context)
        self._context.loop.off_loop(work, self._go, partial(self._not_followed, answer))
        return True

    def _not_followed(self, answer: FinalResponse, error: Exception) -> None:
        if not self._given_up:
            code = error.code if isinstance(error, TargetError) else Code.SIP_UNREACHABLE
            self.leg.fail(code, answer.code, answer.reason, answer.headers)

    def _look_up(self) -> None:
        work = partial(_hops, self.command, self.command.uri, self._context)
        self._context.loop.off_loop(work, self._begin, self._not_placed)

    def _begin(self, hops: tuple[Hop, ...]) -> None:
        if self._given_up:
            return
        self._timer = self._context.loop.after(self.command.timeout, lambda: self._ring_timeout(self.leg))
        self._go(hops)

    def _go(self, hops: tuple[Hop, ...]) -> None:
        if not self._given_up:
            self._hops.extend(hops)
            self._invite(self.leg)

    def _invite(self, leg: Leg) -> None:
        hop = self._hops.popleft()
        command = self.command
        sender = from_header(command.from_uri, command.from_name, self._context.endpoint.host)
        if self._hops:
            self._silence = self._context.loop.after(SILENCE_SECONDS, lambda: self._not_heard(leg))
        headers = command.headers
        if command.proxy:
            headers = (("Route", f"<{loose(command.proxy)}>"), *headers)
        leg.invite(hop.route, f"<{command.to or command.uri}>", f"<{hop.uri}>", sender, headers)

    def _not_heard(self, leg: Leg) -> None:
        """The server of ``leg`` is silent: what it says from now on is answered with CANCEL or BYE."""
        if leg is self.leg and not (leg.heard or leg.over or self._given_up):
            leg.forsake()
            self._next()

    def _next(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self.leg = self._new_leg()
        self._invite(self.leg)

    def _not_placed(self, error: Exception) -> None:
        if not self._given_up:
            self.leg.fail(error.code if isinstance(error, TargetError) else Code.SIP_UNREACHABLE)


def _hops(command: commands.OutboundLeg, uri: str, context: Context) -> tuple[Hop, ...]:
    """Blocks on DNS, and on the key service for a sealed password."""
    # Who redirects us elsewhere gets no answer to that place's challenge: it would be a password check for a stranger.
    dialled = read_uri(command.uri)
    place = dialled if uri == command.uri else read_uri(uri)
    username, password = _credential(command, context) if place.host == dialled.host else ("", "")
    secure = dialled.secure_media
    return tuple(
        Hop(uri, AccountKey(username, password, target.hop(place), secure, ipv6=":" in target.address))
        for target in _targets(command, uri, context)
    )


def _targets(command: commands.OutboundLeg, uri: str, context: Context) -> tuple[Target, ...]:
    """Where to send the INVITE for ``uri``: to the proxy, or else to where its host leads.

    A telephone behind NAT is where its REGISTER came from; where its Contact leads is the second try, if at all.
    """
    if command.proxy:
        _judge_behind_proxy(command, uri, context)
        return context.resolver.targets(command.proxy, None)
    if not command.received or uri != command.uri:
        return context.resolver.targets(uri, command.rules)
    found: list[Target] = []
    refused = TargetError(Code.SIP_HOST_REFUSED)
    for place, rules in ((command.received, None), (uri, command.rules)):
        try:
            if rules is not None and not rules.permit_user(read_uri(place).user):
                raise TargetError(Code.SIP_HOST_REFUSED)
            found += context.resolver.targets(place, rules)
        except TargetError as error:
            refused = error
    if not found:
        raise refused
    return tuple(dict.fromkeys(found))


def _judge_behind_proxy(command: commands.OutboundLeg, uri: str, context: Context) -> None:
    """Raises TargetError for a callee that may not be called: the proxy would find him all the same.

    An address is judged as ever.  What a name leads to only the proxy knows: rules that name networks know no name.
    """
    want = read_uri(uri)
    if is_address(want.host):
        context.resolver.targets(uri, command.rules)
    elif command.rules and not command.rules.permit_target(want.host, "", want.port or want.default_port):
        raise TargetError(Code.SIP_HOST_REFUSED)


def _credential(command: commands.OutboundLeg, context: Context) -> tuple[str, str]:
    """User name and password, both empty when the leg has none."""
    if command.credential_ref:
        stored = context.credentials(command.credential_ref)
        return stored.username, stored.password
    return command.username, context.unseal(command.password) if command.username else ""


def _redirected(command: commands.OutboundLeg, places: tuple[str, ...], context: Context) -> tuple[Hop, ...]:
    """The hops to those of ``places`` that may be gone to.  Raises the TargetError of the first if there is none."""
    hops: list[Hop] = []
    errors: list[TargetError] = []
    for uri in places:
        try:
            if not _permitted(command, uri):
                raise TargetError(Code.SIP_HOST_REFUSED)
            hops += _hops(command, uri, context)
        except TargetError as error:
            errors.append(error)
    if not hops:
        raise errors[0]
    return tuple(hops)


def _permitted(command: commands.OutboundLeg, uri: str) -> bool:
    """By the account's rules; and what was to go over TLS stays on it."""
    place = read_uri(uri)
    if read_uri(command.uri).transport == "tls" and place.transport != "tls":
        return False
    rules = command.rules
    return rules is None or (
        rules.permit_user(place.user) and rules.permit_name(place.host, place.port or None)
    )
