"""The engine's own SIP trace, drained into the log of the session that each message belongs to."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import _pjsua2

from chalicelib.sip.wire import text

SIZE = 1 << 20


@dataclass(frozen=True)
class Traced:
    """A message as it crossed the wire, without body and credentials."""

    at: float
    sent: bool
    peer: str
    transport: str
    sip_call_id: str
    text: str


class Trace:
    """``start`` after libInit."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(_pjsua2.__file__)
        self._buffer = ctypes.create_string_buffer(SIZE)

    def start(self) -> None:
        """Begin to record."""
        self._library.callapi_trace_start()

    def drain(self) -> Iterator[Traced]:
        """What was recorded since the last time."""
        size = self._library.callapi_trace_drain(self._buffer, SIZE)
        if size <= 0:
            return
        data = ctypes.string_at(self._buffer, size)  # not ``raw``, which copies all of it
        start = 0
        while start < size:
            (length,) = struct.unpack_from("<I", data, start)
            yield _traced(text(data[start + 4 : start + 4 + length]))
            start += 4 + length


def _traced(record: str) -> Traced:
    line, _, message = record.partition("\n")
    at, direction, transport, peer, call_id = line.split(" ", 4)
    return Traced(float(at), direction == "TX", peer, transport, call_id.strip(), message)
