"""The REGISTERs that the engine keeps until they are answered.  See signaling/engine/native/registrar.c."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chalicelib.calls.session import Headers
from chalicelib.sip import wire
from chalicelib.sip.message import Message
from chalicelib.sip.name_addr import read_address
from chalicelib.sip.uri import read_uri

from ..engine.library import Buffer, engine

# What is drained at a time: thirty messages of the longest kind, so that the calls get their turn between.
SIZE = 1 << 18
_HOST = re.compile(r"[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\]")


@dataclass(frozen=True)
class Request:
    """A REGISTER.  ``source``: the address and port that it came from.  ``message`` has no body."""

    number: int
    transport: str
    source: str
    message: Message

    def __repr__(self) -> str:
        return f"Request({self.number}, {self.source})"

    @property
    def host(self) -> str:
        """The address that it came from."""
        return self.source.rpartition(":")[0]

    @property
    def received(self) -> str:
        """Where it came from, as a SIP URI."""
        return f"sip:{self.source};transport={self.transport}"

    @property
    def too_long(self) -> bool:
        """Whether it says more than any telephone does.  None of it can be left out: its digest covers some of it."""
        return len(self.message.text) > wire.REGISTER or len(self.aor) > wire.ADDRESS_OF_RECORD

    @cached_property
    def aor(self) -> str:
        """The address of record: whom it is for (RFC 3261 §10.2)."""
        return read_address(self.message.header("to")).uri

    @cached_property
    def realm(self) -> str:
        """The domain of the address of record; empty when that is no host."""
        domain = read_uri(self.aor).host
        return domain if _HOST.fullmatch(domain) else ""


class Registers:
    """For the loop's thread."""

    def __init__(self) -> None:
        self._buffer = Buffer(SIZE)

    def start(self) -> None:
        """Take them from now on; after libInit."""
        engine.callapi_registrar_start()

    def refuse(self) -> None:
        """503 to those that come from now on."""
        engine.callapi_registrar_refuse()

    def drain(self) -> Iterator[Request]:
        """What came since the last time."""
        data = self._buffer.filled_by(engine.callapi_registrar_drain)
        start = 0
        while start < len(data):
            length, number = struct.unpack_from("=II", data, start)
            line, _, message = data[start + 8 : start + 4 + length].partition(b"\n")
            transport, source = line.decode("ascii").split(" ", 1)
            text = wire.text(message)
            yield Request(number, transport.removesuffix("6").lower(), source, Message(text))
            start += 4 + length

    def accept(self, number: int) -> bool:
        """Keep retransmissions away from now on.  False: it was one itself, or has gone, or there are too many."""
        return int(engine.callapi_registrar_accept(number)) == 0

    def respond(self, number: int, code: int, headers: Headers = ()) -> None:
        """Harmless for one that has gone."""
        lines = "".join(f"{name}: {value}\n" for name, value in headers)
        engine.callapi_registrar_respond(number, code, lines.encode())
