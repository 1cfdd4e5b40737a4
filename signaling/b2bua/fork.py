"""Dial: outbound legs, the first accepted is bridged, the others are cancelled.

What must not wait for a round trip is decided here: CONTRACT §2, Forking.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.calls import commands
from chalicelib.sip.status import Status

from ..engine.loop import Timer
from ..media.bridge import bridge, unbridge
from ..media.party import SoundSources
from ..media.recording import DialRecording
from ..media.ringback import Ringback
from .leg import Leg
from .outbound_leg import LegSetup


class Fork:
    """A Dial under way on ``parent``.

    ``bridged`` is called once, with the winner; ``starred`` at a ``*`` of the caller that shall end the Dial.
    """

    def __init__(
        self,
        sources: SoundSources,
        parent: Leg,
        command: commands.DialLegs,
        setups: dict[str, LegSetup],
        bridged: Callable[[Leg], None],
        starred: Callable[[Leg], None],
        recording: DialRecording,
    ) -> None:
        self._loop = sources.loop
        self.parent = parent
        self._command = command
        self._setups = setups
        self._bridged = bridged
        self._starred = starred
        self._ringback = Ringback(sources, parent, command)
        self._recording = recording
        self._limit: Timer | None = None
        self._over = False
        self._ending: set[str] = set()
        self._transferor: Leg | None = None
        self.winner: Leg | None = None
        recording.ringing()
        self.media_ready()

    def media_ready(self) -> None:
        """A leg's audio came up, or changed."""
        if self._over:
            return
        if self.winner is not None:
            bridge(self.parent, self.winner)
            self._recording.hear(self.parent, self.winner)
        else:
            early = self._callee_heard_early()
            self._ringback.hear(early)
            self._recording.hear(self.parent, early)

    def digit(self, leg: Leg, digit: str) -> None:
        """A key of either side: passed on to the other one across the bridge, but for the ``*`` that ends it."""
        if self._over:
            return
        if leg is self.parent and digit == "*" and self._command.hangup_on_star:
            self._recording.stop()
            self._starred(self.parent)
        elif leg is self.parent and self.winner is not None:
            self.winner.send_digit(digit)
        elif leg is self.winner:
            self.parent.send_digit(digit)

    def accept(self, leg: Leg) -> None:
        """Bridge ``leg`` unless another is; then hang it up."""
        if self.winner is leg or leg.sid not in self._setups:
            return
        if self.winner is not None or self.parent.over:
            self._setups[leg.sid].give_up()
            return
        self.winner = leg
        self._ringback.stop()
        self.parent.respond(Status.OK)
        self._limit = self._loop.after(self._command.time_limit, leg.hang_up)
        bridge(self.parent, leg)
        self._recording.bridged(self.parent, leg)
        self._bridged(leg)
        self._cancel_all_but(leg)
        self.parent.takes_refer = leg.takes_refer = self._command.takes_refer

    def has(self, leg: Leg) -> bool:
        """Whether this Dial made ``leg`` and has not let it go."""
        return leg.sid in self._setups

    def referred(self, leg: Leg) -> None:
        """``leg`` wants the other one transferred, and may leave before that is done."""
        self._transferor = leg

    def referral_ended(self) -> None:
        """Nobody is being transferred any more: who leaves now leaves as ever."""
        self._transferor = None

    def ended(self, leg: Leg) -> None:
        """``leg`` is over."""
        if leg is self.parent:
            self._parent_ended()
        else:
            self._leg_ended(leg)

    def before_end(self, leg: Leg) -> None:
        """The end of ``leg`` is about to be told.  A recording that ends with it is told before."""
        self._ending.add(leg.sid)
        if leg in (self.parent, self.winner) or self._ending.issuperset(self._setups):
            self._recording.stop()

    def _leg_ended(self, leg: Leg) -> None:
        """It removes only itself."""
        self._setups.pop(leg.sid, None)
        if leg is self.winner or not self._setups:
            self._close()
        else:
            self.media_ready()

    def part(self, legs: tuple[str, ...]) -> None:
        """Let go of ``legs``, the winner too: none is bridged or cancelled by this Dial any more."""
        for sid in legs:
            self._setups.pop(sid, None)
        if self.winner is not None and self.winner.sid in legs:
            unbridge(self.parent, self.winner)
            self._close()
        elif not self._setups:
            self._close()
        else:
            self.media_ready()

    def _parent_ended(self) -> None:
        """Nobody is there to talk to.  A callee whom the caller has referred elsewhere waits for what comes."""
        self._close()
        self._cancel_all_but(self.winner if self._transferor is self.parent else None)

    def _cancel_all_but(self, winner: Leg | None) -> None:
        for setup in list(self._setups.values()):
            if setup.leg is not winner:
                setup.give_up()

    def _close(self) -> None:
        self._over = True
        for leg in (self.parent, self.winner):
            if leg is not None:
                leg.takes_refer = False
        self._ringback.stop()
        self._recording.stop()
        if self._limit is not None:
            self._limit.cancel()

    def _callee_heard_early(self) -> Leg | None:
        """The first leg that sends sound before its answer.  One that is screened is heard by nobody."""
        if self._ringback.own_sound:
            return None
        legs = [setup.leg for setup in self._setups.values() if not setup.command.screened]
        return next((leg for leg in legs if leg.audio is not None and not leg.answered), None)


class Forks:
    """Those of a session: one at most for each call that dials."""

    def __init__(self) -> None:
        self._forks: dict[str, Fork] = {}

    def begin(self, fork: Fork) -> None:
        """In place of the one before on the same call."""
        self._forks[fork.parent.sid] = fork

    def by(self, call: str) -> Fork | None:
        """The one that ``call`` dials."""
        return self._forks.get(call)

    def of(self, leg: Leg) -> Fork | None:
        """The one that the leg is in: its own, or the one that made it."""
        if leg.sid in self._forks:
            return self._forks[leg.sid]
        return next((fork for fork in self._forks.values() if fork.has(leg)), None)

    def media_ready(self) -> None:
        """A leg's audio came up, or changed."""
        for fork in list(self._forks.values()):
            fork.media_ready()
