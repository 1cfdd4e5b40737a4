"""What a stranger's WAV may say of itself."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from signaling.media.wav import NotPlayableError, seconds_of
from tests.signaling.wav import ALAW, FLOAT, SECOND, TO_A_PIPE, wav


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (wav(SECOND), 1),
        (wav(SECOND, length=TO_A_PIPE), 1),
        (wav(SECOND, length=80_000), 1),
        (wav(SECOND, length=8000), 0.5),
        (wav(SECOND, channels=2), 0.5),
        (wav(SECOND, rate=16_000), 0.5),
        (wav(SECOND[:8000], kind=ALAW, bits=8), 1),
        (wav(SECOND, before=struct.pack("<4sI", b"LIST", 6) + b"editor"), 1),
        (wav(b""), 0),
        (wav(b"", length=16_000), 0),
    ],
)
def test_length_is_that_of_the_sound_that_is_there(tmp_path: Path, content: bytes, seconds: float) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(content)
    assert seconds_of(str(path)) == seconds


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"ID3" + b"\0" * 100,
        wav(SECOND, rate=0),
        wav(SECOND, rate=0xFFFFFFFF),
        wav(SECOND, channels=0),
        wav(SECOND, channels=9),
        wav(SECOND, bits=24),
        wav(SECOND, kind=FLOAT),
        wav(SECOND)[:30],
        wav(SECOND)[:40],
        b"RIFF\0\0\0\0WAVE" + b"JUNK\0\0\0\0" * 1000,
    ],
)
def test_what_the_engine_must_not_be_given_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(content)
    with pytest.raises(NotPlayableError):
        seconds_of(str(path))
