"""Dial and Invite: outbound legs, the first accepted is bridged, the others are cancelled.

What must not wait for a round trip is decided here: CONTRACT §2, Forking.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalicelib.calls import commands

from .controller import Unseal
from .endpoint import Route
from .legs import UNREACHABLE, Leg
from .loop import Timer
from .media import RingTone, bridge, unbridge
from .messages import from_header
from .resolving import Guard, TargetError, next_hop
from .services import Services

CREDENTIALS_UNUSABLE = 13249


class Placing:
    """One outbound leg on its way to its INVITE, and its limit of ringing."""

    def __init__(
        self, services: Services, leg: Leg, command: commands.Leg, ring_timeout: Callable[[Leg], None]
    ) -> None:
        self.leg = leg
        self.screened = command.screened
        self._services = services
        self._command = command
        self._ring_timeout = ring_timeout
        self._given_up = False
        self._timer: Timer | None = (
            services.loop.after(command.delay, self._look_up) if command.delay else None
        )
        if self._timer is None:
            self._look_up()

    def answered(self) -> None:
        """It does not ring any more."""
        if self._timer is not None:
            self._timer.cancel()

    def give_up(self) -> None:
        """Whatever it takes, also before the INVITE."""
        self.answered()
        self._given_up = True
        if self.leg.sip_call_id:
            self.leg.hang_up()
        else:
            self.leg.fail(0)

    def _look_up(self) -> None:
        work = partial(_route, self._command, self._services.guard, self._services.unseal)
        self._services.loop.off_loop(work, self._invite, self._not_placed)

    def _invite(self, route: Route) -> None:
        if self._given_up:
            return
        command = self._command
        sender = from_header(command.from_uri, command.from_name, self._services.endpoint.host)
        self._timer = self._services.loop.after(command.timeout, partial(self._ring_timeout, self.leg))
        self.leg.invite(route, f"<{command.uri}>", sender, command.headers)

    def _not_placed(self, error: Exception) -> None:
        if not self._given_up:
            self.leg.fail(error.code if isinstance(error, TargetError) else UNREACHABLE)


def _route(command: commands.Leg, guard: Guard, unseal: Unseal) -> Route:
    """Blocks on DNS, and on the key service for a sealed password."""
    hop = next_hop(command.uri, guard)
    if command.credential_ref:
        raise TargetError(CREDENTIALS_UNUSABLE)
    return Route(command.username, unseal(command.password) if command.username else "", hop)


class Dialing:
    """A Dial under way on ``parent``.  ``bridged`` is called once, with the winner."""

    def __init__(
        self,
        services: Services,
        parent: Leg,
        command: commands.Dial,
        placings: dict[str, Placing],
        bridged: Callable[[Leg], None],
    ) -> None:
        self._services = services
        self._parent = parent
        self._command = command
        self._placings = placings
        self._bridged = bridged
        self._tone: RingTone | None = None
        self._limit: Timer | None = None
        self._over = False
        self.winner: Leg | None = None
        self.media_ready()

    def media_ready(self) -> None:
        """A leg's audio came up, or changed."""
        if self._over:
            return
        if self.winner is not None:
            bridge(self._parent, self.winner)
        elif self._command.ring_tone and self._tone is None and self._parent.audio is not None:
            self._tone = RingTone(self._parent, self._command.ring_tone)

    def accept(self, leg: Leg) -> None:
        """Bridge ``leg`` unless another is; then hang it up."""
        if self.winner is leg or leg.sid not in self._placings:
            return
        if self.winner is not None or self._parent.over:
            self._placings[leg.sid].give_up()
            return
        self.winner = leg
        self._silence()
        self._parent.respond(200)
        self._limit = self._services.loop.after(self._command.time_limit, leg.hang_up)
        bridge(self._parent, leg)
        self._bridged(leg)
        self._cancel_all_but(leg)

    def leg_ended(self, leg: Leg) -> None:
        """It removes only itself."""
        self._placings.pop(leg.sid, None)
        if leg is self.winner or not self._placings:
            self._close()

    def part(self, legs: tuple[str, ...]) -> None:
        """Let go of ``legs``, the winner too: none is bridged or cancelled by this Dial any more."""
        for sid in legs:
            self._placings.pop(sid, None)
        if self.winner is not None and self.winner.sid in legs:
            unbridge(self._parent, self.winner)
            self._close()
        elif not self._placings:
            self._close()

    def parent_ended(self) -> None:
        """Nobody is there to talk to."""
        self._close()
        self._cancel_all_but(None)

    def _cancel_all_but(self, winner: Leg | None) -> None:
        for placing in list(self._placings.values()):
            if placing.leg is not winner:
                placing.give_up()

    def _close(self) -> None:
        self._over = True
        self._silence()
        if self._limit is not None:
            self._limit.cancel()

    def _silence(self) -> None:
        if self._tone is not None:
            self._tone.stop()
            self._tone = None
