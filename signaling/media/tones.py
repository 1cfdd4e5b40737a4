"""The ringing tone of each country that RCML names (ITU-T E.180, supplement 2, and what its networks play today)."""

from __future__ import annotations

from typing import NamedTuple


class Tone(NamedTuple):
    """One or two frequencies (Hz; 0 = no second one), and milliseconds on and off, in turn, for ever.

    A tone that a country modulates is given as its two outer frequencies: their beat is the modulation.
    """

    first: int
    second: int
    cadence: tuple[tuple[int, int], ...]


_ONE_IN_FIVE = ((1000, 4000),)
_DOUBLE = ((400, 200), (400, 2000))
_PLAIN = Tone(425, 0, _ONE_IN_FIVE)

RING_TONES: dict[str, Tone] = {
    **dict.fromkeys(("bg", "br", "ch", "cz", "de", "dk", "ee", "fi", "gr", "it"), _PLAIN),
    **dict.fromkeys(("lt", "mx", "nl", "no", "pl", "ru", "ve"), _PLAIN),
    **dict.fromkeys(("uk", "nz"), Tone(400, 450, _DOUBLE)),
    **dict.fromkeys(("cl", "il"), Tone(400, 0, ((1000, 3000),))),
    **dict.fromkeys(("pt", "se"), Tone(425, 0, ((1000, 5000),))),
    "at": Tone(420, 0, ((1000, 5000),)),
    "au": Tone(413, 438, _DOUBLE),
    "be": Tone(425, 0, ((1000, 3000),)),
    "cn": Tone(450, 0, _ONE_IN_FIVE),
    "es": Tone(425, 0, ((1500, 3000),)),
    "fr": Tone(440, 0, ((1500, 3500),)),
    "hu": Tone(425, 0, ((1250, 3750),)),
    "in": Tone(388, 413, _DOUBLE),
    "jp": Tone(392, 408, ((1000, 2000),)),
    "my": Tone(425, 0, _DOUBLE),
    "ph": Tone(425, 480, _ONE_IN_FIVE),
    "sg": Tone(413, 437, _DOUBLE),
    "th": Tone(375, 425, _ONE_IN_FIVE),
    "tw": Tone(440, 480, ((1000, 2000),)),
    "us": Tone(440, 480, ((2000, 4000),)),
    "us-old": Tone(400, 440, ((2000, 4000),)),
    "za": Tone(384, 416, _DOUBLE),
}
