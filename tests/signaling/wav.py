"""WAV files, made as a test wants them; and what is on a recording, channel by channel."""

from __future__ import annotations

import math
import struct
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

from .rtp import tones

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


PCM, ALAW, FLOAT = 1, 6, 3
TO_A_PIPE = 0xFFFFFFFF


def wav(
    samples: bytes, *, length: int | None = None, kind: int = PCM, channels: int = 1, rate: int = 8000,
    bits: int = 16, before: bytes = b"",
) -> bytes:  # fmt: skip
    """``length``: what the header says there is.  ``before``: chunks between the format and the sound."""
    block = bits // 8 * channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, channels, rate, rate * block % 2**32, block, bits)
    said = len(samples) if length is None else length
    body = form + before + struct.pack("<4sI", b"data", said) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body


SECOND = b"\1\2" * 8000


def sound(seconds: float, frequency: float = 600.0) -> bytes:
    """A sine."""
    samples = tones((frequency, 0, seconds))
    return wav(struct.pack(f"<{len(samples)}h", *samples))
