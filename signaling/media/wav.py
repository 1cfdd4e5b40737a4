"""How long a WAV is, read as the engine reads it (wav_player.c of 2.17), and whether it can be given to it at all.

The file is a stranger's.  The engine divides by what its header says of rate and channels, and a length in it may be
anything: 0xFFFFFFFF where it was written to a pipe.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple

RATES = range(4000, 192_001)
CHANNELS = (1, 2)
PCM, ALAW, ULAW = 1, 6, 7
BITS = {PCM: 16, ALAW: 8, ULAW: 8}
FORMAT = struct.Struct("<HHIIHH")
MOST_CHUNKS = 100
"""Before the sound: text, cue points.  A file of headers only must not hold up the loop."""


class NotPlayableError(Exception):
    """It is no WAV that the engine plays."""


class _Format(NamedTuple):
    kind: int
    channels: int
    rate: int
    bytes_a_second: int
    block: int
    bits: int


def seconds_of(path: str) -> float:
    """Of the sound that is there, whatever the header promises.  Raises NotPlayableError or OSError."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        riff = file.read(12)
        if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
            raise NotPlayableError
        length = _chunk(file, b"fmt ")
        form = _format(file)
        file.seek(max(0, length - FORMAT.size), os.SEEK_CUR)
        there = min(_chunk(file, b"data"), size - file.tell())
    return there / (form.block * form.rate)


def _chunk(file: BinaryIO, wanted: bytes) -> int:
    """The length of the next chunk of that name; the file is at its content then."""
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == wanted:
            return length
        file.seek(length, os.SEEK_CUR)
    raise NotPlayableError


def _format(file: BinaryIO) -> _Format:
    content = file.read(FORMAT.size)
    if len(content) < FORMAT.size:
        raise NotPlayableError
    form = _Format(*FORMAT.unpack(content))
    bits = BITS.get(form.kind)
    if form.bits != bits or form.channels not in CHANNELS or form.rate not in RATES:
        raise NotPlayableError
    if form.block != bits // 8 * form.channels:
        raise NotPlayableError
    return form
