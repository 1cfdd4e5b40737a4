"""Keys that come as tones in the sound, from a peer that sends them in no other way.

The engine listens (engine/native/inband.c): Python on the media clock's thread would hold up the sound of every
call.
"""

from __future__ import annotations

from collections.abc import Callable

from ..engine.library import Buffer, engine
from ..engine.loop import Loop, Timer
from .party import Party

EVERY = 0.05
"""Seconds between looks at what was heard."""
MOST = 64


class InbandDetector:
    """``heard`` gets each key of ``leg``, on the loop, until ``close``."""

    def __init__(self, loop: Loop, leg: Party, heard: Callable[[str], None]) -> None:
        self._loop = loop
        self._leg = leg
        self._heard = heard
        self._buffer = Buffer(MOST)
        self._number = -1
        self._timer: Timer | None = None
        self.listen()

    def listen(self) -> None:
        """Again, when the leg's media have changed.  Nothing happens where keys come as RFC 4733.

        A change of the media may end the ear, and what it heard with it: that is fetched before.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._look()
            if self._number < 0:
                return
        if self._leg.signals_keys:
            self.close()
            return
        self._number = engine.callapi_inband_listen(self._leg.number, self._number)
        if self._number >= 0 and self._timer is None:
            self._timer = self._loop.after(EVERY, self._look)

    def close(self) -> None:
        """A second time is harmless."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        engine.callapi_sound_end(self._number)
        self._number = -1

    def _look(self) -> None:
        self._timer = None
        if self._leg.signals_keys:
            self.close()
        heard = self._buffer.filled_by(engine.callapi_inband_drain, self._number)
        if self._number >= 0:
            self._timer = self._loop.after(EVERY, self._look)
        for digit in heard.decode("ascii"):
            self._leg.tone_heard(digit)
            self._heard(digit)
