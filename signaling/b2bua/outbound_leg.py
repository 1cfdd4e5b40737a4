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

from ..engine.account import AccountKey
from ..engine.loop import Loop, Timer
from ..routing.hops import Hop, Router
from ..routing.redirects import MOST, MOVED
from ..routing.target import TargetError, loose
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


class LegSetup:
    """From the command to the answer.  ``leg`` is another one after each INVITE that nobody answered.

    ``host``: our own, for a From that is no URI.
    """

    def __init__(
        self,
        loop: Loop,
        router: Router,
        host: str,
        new_leg: Callable[[], Leg],
        command: commands.OutboundLeg,
        ring_timeout: Callable[[Leg], None],
    ) -> None:
        self.leg = new_leg()
        self._loop = loop
        self._router = router
        self._host = host
        self._new_leg = new_leg
        self.command = command
        self._ring_timeout = ring_timeout
        self._hops: deque[Hop] = deque()
        self._been = {command.uri}
        self._redirections = 0
        self._given_up = False
        self._silence: Timer | None = None
        self._timer: Timer | None = loop.after(command.delay, self._look_up) if command.delay else None
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
        work = partial(self._router.redirected, self.command, places)
        self._loop.off_loop(work, self._go, partial(self._not_followed, answer))
        return True

    def _not_followed(self, answer: FinalResponse, error: Exception) -> None:
        if not self._given_up:
            code = error.code if isinstance(error, TargetError) else Code.SIP_UNREACHABLE
            self.leg.fail(code, answer.code, answer.reason, answer.headers)

    def _look_up(self) -> None:
        work = partial(self._router.hops, self.command, self.command.uri)
        self._loop.off_loop(work, self._begin, self._not_placed)

    def _begin(self, hops: tuple[Hop, ...]) -> None:
        if self._given_up:
            return
        self._timer = self._loop.after(self.command.timeout, lambda: self._ring_timeout(self.leg))
        self._go(hops)

    def _go(self, hops: tuple[Hop, ...]) -> None:
        if not self._given_up:
            self._hops.extend(hops)
            self._invite(self.leg)

    def _invite(self, leg: Leg) -> None:
        hop = self._hops.popleft()
        command = self.command
        sender = from_header(command.from_uri, command.from_name, self._host)
        if self._hops:
            self._silence = self._loop.after(SILENCE_SECONDS, lambda: self._not_heard(leg))
        headers = command.headers
        if command.proxy:
            headers = (("Route", f"<{loose(command.proxy)}>"), *headers)
        key = AccountKey(hop.username, hop.password, hop.next_hop, hop.secure_media, hop.ipv6)
        leg.invite(key, f"<{command.to or command.uri}>", f"<{hop.uri}>", sender, headers)

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
