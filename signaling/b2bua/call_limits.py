"""How long a call may last, and how long it may be silent.  Every call of a session that is up has both limits.

A telephone that lost its network sends no BYE, and a caller who only holds a line open sends nothing else.  Each holds
a place of the task, so each call is ended at the latest when its time is over.
"""

from __future__ import annotations

import logging
import time

from chalicelib.sip.status import Status

from ..engine.loop import Loop
from ..settings import Settings
from .leg import Leg
from .rtp_timeout import RtpTimeout

AFTER_DIAL = 10.0
"""Seconds by which the limit of a Dial comes first: time to hang up the callee, and to ask the Dial's action."""
_log = logging.getLogger(__name__)


class CallLimit:
    """Ends ``leg`` in ``seconds``: an unanswered caller gets 480, anybody else BYE."""

    def __init__(self, loop: Loop, leg: Leg, seconds: float) -> None:
        self._loop = loop
        self._leg = leg
        self._due = time.monotonic() + seconds
        self._timer = loop.after(seconds, self._reached)

    def extend(self, seconds: float) -> None:
        """Not before ``seconds`` from now."""
        due = time.monotonic() + seconds
        if due > self._due:
            self._due = due
            self._timer.cancel()
            self._timer = self._loop.after(seconds, self._reached)

    def stop(self) -> None:
        """A second time is harmless."""
        self._timer.cancel()

    def _reached(self) -> None:
        _log.info("%s: the longest time for a call is over", self._leg.sid)
        self._leg.hang_up(Status.TEMPORARILY_UNAVAILABLE)


class CallLimits:
    """Those of a session's calls, by CallSid."""

    def __init__(self, loop: Loop, settings: Settings) -> None:
        self._loop = loop
        self._settings = settings
        self._limits: dict[str, CallLimit] = {}
        self._watches: dict[str, RtpTimeout] = {}
        self._fixed: set[str] = set()

    def came_in(self, leg: Leg) -> None:
        """An INVITE: its time runs from now on, whether it is ever answered or not."""
        self._limits[leg.sid] = CallLimit(self._loop, leg, self._settings.max_call_seconds)

    def answered(self, leg: Leg, time_limit: float = 0.0) -> None:
        """It is up.  ``time_limit``: the one that the API asked for, which nothing extends."""
        self._watches[leg.sid] = RtpTimeout(self._loop, leg, self._settings.media_timeout_seconds)
        if time_limit:
            self._fixed.add(leg.sid)
        if leg.sid not in self._limits:
            seconds = time_limit or self._settings.max_call_seconds
            self._limits[leg.sid] = CallLimit(self._loop, leg, seconds)

    def bridged(self, one: Leg, other: Leg, time_limit: float) -> None:
        """By a Dial with ``time_limit``, which is to end it, so that its action is asked while the caller is there."""
        for leg in (one, other):
            if leg.sid in self._limits and leg.sid not in self._fixed:
                self._limits[leg.sid].extend(time_limit + AFTER_DIAL)

    def ended(self, leg: Leg) -> None:
        """It needs no limit any more."""
        for running in (self._limits, self._watches):
            found = running.pop(leg.sid, None)
            if found is not None:
                found.stop()
