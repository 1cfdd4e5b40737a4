"""What runs on the calls of a session: at most one performance on each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalicelib.calls import commands

from ..media.party import SoundSources
from ..media.performance import Performance
from .leg import Leg

Performed = Callable[[commands.Perform, str, int], None]
"""Told when one has ended: the digits of its last Gather, and the catalogue code of its first failure, 0 for none."""


class Performances:
    """By the CallSid of their call."""

    def __init__(self, sources: SoundSources, performed: Performed) -> None:
        self._sources = sources
        self._performed = performed
        self._running: dict[str, Performance] = {}

    def begin(self, leg: Leg, command: commands.Perform) -> None:
        """In place of what runs on ``leg``."""
        self.stop(leg.sid)
        self._running[leg.sid] = Performance(self._sources, leg, command, partial(self._ended, command))

    def stop(self, call: str) -> None:
        """Without a report.  Harmless where nothing runs."""
        performance = self._running.pop(call, None)
        if performance is not None:
            performance.stop()

    def media_ready(self, leg: Leg) -> None:
        """Its audio came up, or changed."""
        if leg.sid in self._running:
            self._running[leg.sid].media_ready()

    def digit(self, leg: Leg, digit: str) -> bool:
        """Whether the key was for what runs on ``leg``."""
        if leg.sid not in self._running:
            return False
        self._running[leg.sid].digit(digit)
        return True

    def _ended(self, command: commands.Perform, digits: str, error: int) -> None:
        self._running.pop(command.call, None)
        self._performed(command, digits, error)
