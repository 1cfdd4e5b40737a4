"""What a leg hears: another leg, a file, a ring tone.  All of it is ports of the engine's conference bridge."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from .endpoint import CLOCK_RATE
from .legs import Leg
from .loop import Loop

# Country: frequencies in Hz, then milliseconds on and off, in turn (ITU-T E.180, supplement 2).
RING_TONES: dict[str, tuple[int, int, tuple[tuple[int, int], ...]]] = {
    "us": (440, 480, ((2000, 4000),)),
    "uk": (400, 450, ((400, 200), (400, 2000))),
    "de": (425, 0, ((1000, 4000),)),
    "fr": (440, 0, ((1500, 3500),)),
    "it": (425, 0, ((1000, 4000),)),
    "es": (425, 0, ((1500, 3000),)),
    "jp": (400, 0, ((1000, 2000),)),
    "au": (400, 425, ((400, 200), (400, 2000))),
}
_log = logging.getLogger(__name__)
VOLUME = 8000  # of 32767: about -12 dBm0


def bridge(one: Leg, other: Leg) -> None:
    """Both hear each other.  Nothing happens until both have audio."""
    if one.audio is None or other.audio is None:
        return
    try:
        one.audio.startTransmit(other.audio)
        other.audio.startTransmit(one.audio)
    except pj.Error:  # one hung up in this very moment: its end is on its way
        _log.info("%s and %s: not bridged any more", one.sid, other.sid)


def unbridge(one: Leg, other: Leg) -> None:
    """Neither hears the other any more."""
    if one.audio is None or other.audio is None:
        return
    try:
        one.audio.stopTransmit(other.audio)
        other.audio.stopTransmit(one.audio)
    except pj.Error:  # one hung up in this very moment, and took its port with it
        _log.info("%s and %s: not bridged any more", one.sid, other.sid)


class RingTone:
    """The tone of ``country`` (``us`` for one we do not know) on ``leg``, from now until ``stop``."""

    def __init__(self, leg: Leg, country: str) -> None:
        first, second, cadence = RING_TONES.get(country.lower(), RING_TONES["us"])
        tones = pj.ToneDescVector()
        for on, off in cadence:
            tone = pj.ToneDesc()
            tone.freq1, tone.freq2, tone.on_msec, tone.off_msec, tone.volume = first, second, on, off, VOLUME
            tones.append(tone)
        self._generator: Any = pj.ToneGenerator()
        self._generator.createToneGenerator(CLOCK_RATE, 1)
        for_ever = True
        self._generator.play(tones, for_ever)
        self._generator.startTransmit(leg.audio)

    def stop(self) -> None:
        """Silence; a second time is harmless."""
        self._generator = None


class _FilePlayer(pj.AudioMediaPlayer):
    def __init__(self, ended: Callable[[], None]) -> None:
        super().__init__()
        self.ended = ended

    def onEof2(self) -> None:
        self.ended()


class Playing:
    """The WAV at ``path`` on ``leg``, once; ``done`` is called on the loop unless stopped before.

    Raises pj.Error when the file is no sound that the engine can play.
    """

    def __init__(self, loop: Loop, leg: Leg, path: str, done: Callable[[], None]) -> None:
        self._done = done
        self._player: Any = _FilePlayer(lambda: loop.soon(self._ended))
        self._player.createPlayer(path, pj.PJMEDIA_FILE_NO_LOOP)
        self._player.startTransmit(leg.audio)

    def stop(self) -> None:
        """Silence; a second time is harmless."""
        self._player = None

    def _ended(self) -> None:
        if self._player is not None:
            self._player = None
            self._done()
