"""Ends a callee who fell silent, in a bridge or where a transfer took him: a telephone that lost its network sends no
BYE."""

from __future__ import annotations

import logging
import time

from .legs import Leg
from .loop import Loop, Timer

NO_MEDIA = 32018
LOOKS = 4
"""How often a look is taken within the limit."""
_log = logging.getLogger(__name__)


class Watch:
    """Over the RTP of ``leg`` from now until ``stop``; ``seconds`` without a packet end the leg (32018), 0 never does.

    While the media is inactive (a hold, RFC 3264 §8.4) nothing is expected.
    """

    def __init__(self, loop: Loop, leg: Leg, seconds: float) -> None:
        self._loop = loop
        self._leg = leg
        self._seconds = seconds
        self._packets = -1
        self._since = time.monotonic()
        self._timer: Timer | None = None
        if seconds:
            self._look()

    def stop(self) -> None:
        """A second time is harmless."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        if self._leg.over:
            return
        packets = self._leg.packets_received()
        if packets != self._packets or not self._leg.active:
            self._packets = packets
            self._since = time.monotonic()
        elif time.monotonic() - self._since >= self._seconds:
            _log.info("%s: no RTP for %d s", self._leg.sid, self._seconds)
            self._leg.abandon(NO_MEDIA, f"no RTP for {self._seconds:.0f} s")
            return
        self._timer = self._loop.after(self._seconds / LOOKS, self._look)
