"""Sounds of our own in the engine's conference bridge: files, ring tones, recordings.

They live in C (native/sounds.c), which never calls back into Python: the loop asks whether a sound has ended.
All of them end in one way, ``stop``.  Everything here is for the loop only.
"""

from __future__ import annotations

from pathlib import Path

from ..media.tones import RING_TONES
from ..media.wav import NotPlayableError, seconds_of
from .library import TonePart, engine, start_tone
from .listener import HasAudio

VOLUME = 8000  # of 32767: about -12 dBm0
SILENCE = 0
"""The bridge's own place in itself: what it hears of the null sound device."""
_NONE = -1


def sounds_alive() -> int:
    """How many there are in this process; a leak would make it grow.  From any thread."""
    return int(engine.callapi_sound_count())


class SoundError(Exception):
    """The engine cannot play or record that, or has no place left."""


class Sound:
    """A port of the bridge, until ``stop``.  Raises SoundError for ``place`` -1: the engine refused it."""

    def __init__(self, place: int) -> None:
        if place == _NONE:
            raise SoundError
        self.place = place

    def play_to(self, leg: HasAudio) -> None:
        """From the next tick of the bridge.  Call it again when the leg's audio has changed; that is harmless.

        Nothing happens when the leg has no audio, or has just hung up.
        """
        if leg.audio is not None:
            engine.callapi_sound_connect(self.place, leg.audio.getPortId())

    def stop(self) -> None:
        """Silence; a second time is harmless."""
        if self.place != _NONE:
            engine.callapi_sound_end(self.place)
            self.place = _NONE


class RingTone(Sound):
    """The tone of ``country`` (``us`` for one we do not know)."""

    def __init__(self, country: str) -> None:
        tone = RING_TONES.get(country.lower(), RING_TONES["us"])
        parts = (TonePart(tone.first, tone.second, on, off, VOLUME, 0) for on, off in tone.cadence)
        super().__init__(start_tone(parts))


class Music(Sound):
    """The WAV at ``path`` again and again."""

    def __init__(self, path: str) -> None:
        _length(path)
        super().__init__(engine.callapi_sound_file(path.encode(), 1))


class Prompt(Sound):
    """The WAV at ``path`` once.  ``seconds``: how long it is."""

    def __init__(self, path: str) -> None:
        self.seconds = _length(path)
        super().__init__(engine.callapi_sound_file(path.encode(), 0))

    def played(self) -> float:
        """Seconds that its listeners have heard; it stands still while it has none."""
        return int(engine.callapi_sound_played(self.place)) / 1000


class Recorder(Sound):
    """Writes what it hears to a WAV at ``path``, which is complete some ticks after ``stop``."""

    def __init__(self, path: Path) -> None:
        super().__init__(engine.callapi_sound_recording(str(path).encode()))

    def hear(self, place: int) -> None:
        """What is at that place of the bridge.  Again is harmless."""
        engine.callapi_sound_connect(place, self.place)


def _length(path: str) -> float:
    try:
        return seconds_of(path)
    except (NotPlayableError, OSError) as error:
        raise SoundError from error
