"""The engine's own SIP trace, drained into the log of the session that each message belongs to."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.sip.wire import text

from .library import Buffer, engine

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
        self._buffer = Buffer(SIZE)

    def start(self) -> None:
        """Begin to record."""
        engine.callapi_trace_start()

    def drain(self) -> Iterator[Traced]:
        """What was recorded since the last time."""
        data = self._buffer.filled_by(engine.callapi_trace_drain)
        start = 0
        while start < len(data):
            (length,) = struct.unpack_from("<I", data, start)
            yield _traced(text(data[start + 4 : start + 4 + length]))
            start += 4 + length


def _traced(record: str) -> Traced:
    line, _, message = record.partition("\n")
    at, direction, transport, peer, call_id = line.split(" ", 4)
    return Traced(float(at), direction == "TX", peer, transport, call_id.strip(), message)
