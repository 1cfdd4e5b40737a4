"""Ends a call whose other side fell silent, or never made a sound: a telephone that lost its network sends no BYE."""

from __future__ import annotations

import logging
import time

from chalicelib.catalogue import Code

from ..engine.loop import Loop, Timer
from .leg import Leg

LOOKS = 30
"""How often a look is taken within the limit, and so the part of it by which the end may come late."""
_log = logging.getLogger(__name__)


class RtpTimeout:
    """Over ``leg``, which has just been answered: ``seconds`` without a sign of life end it (32018), 0 never does.

    A sign of life is RTP, or an RTCP report: a telephone that only listens may send nothing else.  During a hold
    (RFC 3264 §8.4) nothing is expected, unless the call began with it: two packets must not hold a place of the task.
    """

    def __init__(self, loop: Loop, leg: Leg, seconds: float) -> None:
        self._loop = loop
        self._leg = leg
        self._seconds = seconds
        self._count = leg.signs_of_life()
        self._since = time.monotonic()
        self._heard = False
        self._timer: Timer | None = None
        if seconds:
            self._wait()

    def stop(self) -> None:
        """A second time is harmless."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = self._loop.after(self._seconds / LOOKS, self._look)

    def _look(self) -> None:
        if self._leg.over:
            return
        count = self._leg.signs_of_life()
        if count not in (0, self._count):  # a re-INVITE may have it counted from 0 again
            self._heard = True
            self._since = time.monotonic()
        elif self._heard and not self._leg.active:
            self._since = time.monotonic()
        elif time.monotonic() - self._since >= self._seconds:
            _log.info("%s: no RTP for %d s", self._leg.sid, self._seconds)
            self._leg.abandon(Code.NO_MEDIA, f"no RTP for {self._seconds:.0f} s")
            return
        self._count = count
        self._wait()
