"""What a leg hears: another leg, a file, a ring tone, music.  All of it is ports of the engine's conference bridge."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from .endpoint import CLOCK_RATE
from .legs import Leg
from .loop import Loop
from .tones import RING_TONES

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
    """The tone of ``country`` (``us`` for one we do not know), until ``RingTone`` is dropped."""

    def __init__(self, country: str) -> None:
        tone = RING_TONES.get(country.lower(), RING_TONES["us"])
        tones = pj.ToneDescVector()
        for on, off in tone.cadence:
            part = pj.ToneDesc()
            part.freq1, part.freq2, part.volume = tone.first, tone.second, VOLUME
            part.on_msec, part.off_msec = on, off
            tones.append(part)
        self._generator = pj.ToneGenerator()
        self._generator.createToneGenerator(CLOCK_RATE, 1)
        for_ever = True
        self._generator.play(tones, for_ever)

    def play_to(self, leg: Leg) -> None:
        """Again, when the leg's audio changed, is harmless."""
        _transmit(self._generator, leg)


class Music:
    """The WAV at ``path`` again and again, until ``Music`` is dropped.

    Raises pj.Error when the file is no sound that the engine can play.
    """

    def __init__(self, path: str) -> None:
        self._player = pj.AudioMediaPlayer()
        self._player.createPlayer(path)

    def play_to(self, leg: Leg) -> None:
        """Again, when the leg's audio changed, is harmless."""
        _transmit(self._player, leg)


def _transmit(source: Any, leg: Leg) -> None:
    try:
        source.startTransmit(leg.audio)
    except pj.Error:  # the leg hung up in this very moment: its end is on its way
        _log.info("%s hears nothing any more", leg.sid)


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
