"""Dial: outbound legs, the first accepted is bridged, the others are cancelled.

What must not wait for a round trip is decided here: CONTRACT §2, Forking.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.calls import commands

from .legs import Leg
from .loop import Timer
from .media import RingTone, bridge, unbridge
from .placing import Placing
from .services import Services


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
