"""What a leg hears: another leg, or a prompt.  All of it is ports of the engine's conference bridge."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..engine.audio import connect, disconnect
from ..engine.loop import Loop, Timer
from ..engine.sounds import Prompt
from .party import Party

_log = logging.getLogger(__name__)
LOOK_SECONDS = 0.005
"""Between two looks whether a prompt has ended, once it should have."""
SELDOM_SECONDS = 2.0
"""Between two looks before that, at most: the listener may have gone."""
NO_AUDIO_SECONDS = 10.0
"""How long an item waits for a leg that has no audio, before it is passed over as if it had been heard."""


def bridge(one: Party, other: Party) -> None:
    """Both hear each other.  Nothing happens until both have audio."""
    if one.audio is None or other.audio is None:
        return
    if not (connect(one.audio, other.audio) and connect(other.audio, one.audio)):
        _log.info("%s and %s: not bridged any more", one.sid, other.sid)


def unbridge(one: Party, other: Party) -> None:
    """Neither hears the other any more."""
    if one.audio is None or other.audio is None:
        return
    if not (disconnect(one.audio, other.audio) and disconnect(other.audio, one.audio)):
        _log.info("%s and %s: not bridged any more", one.sid, other.sid)


class Playing:
    """The WAV at ``path`` on ``leg``, once.  Raises SoundError.

    Unless stopped before, ``ended`` is called on the loop when the leg has heard it all, or ``lost`` when for ten
    seconds nobody took any of it: the leg's audio has gone.
    """

    def __init__(
        self, loop: Loop, leg: Party, path: str, ended: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._leg = leg
        self._ended = ended
        self._lost = lost
        self._prompt = Prompt(path)
        self._played = 0.0
        self._moved_at = time.monotonic()
        self.media_ready()
        self._timer: Timer = loop.after(min(self._prompt.seconds, SELDOM_SECONDS), self._look)

    def media_ready(self) -> None:
        """The leg's audio may be another since a re-INVITE."""
        self._prompt.play_to(self._leg)

    def stop(self) -> None:
        """Silence; a second time is harmless."""
        self._timer.cancel()
        self._prompt.stop()

    def _look(self) -> None:
        """The engine tells nobody of a file's end: see sounds.c."""
        played, now = self._prompt.played(), time.monotonic()
        left = self._prompt.seconds - played
        if left <= 0:
            self.stop()
            self._ended()
        elif played == self._played and now - self._moved_at > NO_AUDIO_SECONDS:
            self.stop()
            self._lost()
        else:
            if played != self._played:
                self._played, self._moved_at = played, now
            self._timer = self._loop.after(min(max(left, LOOK_SECONDS), SELDOM_SECONDS), self._look)
