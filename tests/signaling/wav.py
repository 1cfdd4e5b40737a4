"""What is on a recording: each channel's samples, and where a tone is to be heard in them."""

from __future__ import annotations

import math
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

RATE = 8000
WINDOW = 400  # samples: 50 ms


def channels(path: Path) -> list[array[int]]:
    """The samples of each channel of the WAV at ``path``: 16 bits, 8 kHz."""
    with wave.open(str(path), "rb") as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, RATE)
        count = file.getnchannels()
        samples = array("h", file.readframes(file.getnframes()))
    return [samples[number::count] for number in range(count)]


def heard(samples: Sequence[int], frequency: float) -> list[bool]:
    """Whether each 50 ms of ``samples`` hold that frequency, loud enough to be the tone of a telephone."""
    starts = range(0, len(samples) - WINDOW + 1, WINDOW)
    return [_level(samples[start : start + WINDOW], frequency) > 1000 for start in starts]


def seconds_of(samples: array[int], frequency: float) -> float:
    """How long it is to be heard in all."""
    return sum(heard(samples, frequency)) * WINDOW / RATE


def longest_gap(samples: array[int], frequency: float) -> float:
    """The longest silence between its first and its last sound, in seconds."""
    line = "".join(".#"[found] for found in heard(samples, frequency)).strip(".")
    return max(map(len, line.split("#")), default=0) * WINDOW / RATE


def _level(samples: Sequence[int], frequency: float) -> float:
    """The amplitude of that frequency (Goertzel)."""
    factor = 2 * math.cos(2 * math.pi * frequency / RATE)
    one = two = 0.0
    for sample in samples:
        one, two = sample + factor * one - two, one
    return math.sqrt(abs(one * one + two * two - factor * one * two)) * 2 / len(samples)
