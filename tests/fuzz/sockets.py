"""The sockets of the fuzzer's callers and callees, and what went over them last."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections import deque
from random import Random

from .messages import Draft, Received
from .mutations import mutated

KEPT = 400
_LENGTH = re.compile(r"^(?:content-length|l)\s*:\s*(\d+)", re.IGNORECASE | re.MULTILINE)


class Tap:
    """What was sent last, by whom; for the evidence.  ``share`` of the messages is spoilt."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.sent = self.received = self.spoilt = 0
        self._last: deque[tuple[float, str, bytes]] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def spoil(self, draft: Draft, random: Random, who: str) -> bytes:
        spoilt = random.random() < self.share
        data = mutated(draft, random) if spoilt else draft.rendered()
        with self._lock:
            self.sent += 1
            self.spoilt += spoilt
            self._last.append((time.time(), who, data))
        return data

    def evidence(self) -> bytes:
        with self._lock:
            return b"".join(b"--- %.3f %s\n%s\n" % (at, who.encode(), data) for at, who, data in self._last)


class Datagrams:
    """A UDP socket of its own."""

    kind = "udp"

    def __init__(self, task: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.task = ("127.0.0.1", task)
        self.port: int = self._socket.getsockname()[1]

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # longer than a datagram may be
            self._socket.sendto(data, self.task)

    def receive(self, seconds: float) -> Received | None:
        self._socket.settimeout(max(0.001, seconds))
        try:
            data, source = self._socket.recvfrom(65535)
        except OSError:
            return None
        return Received(data.decode("utf-8", "surrogateescape"), source)

    def close(self) -> None:
        self._socket.close()


class Stream:
    """A TCP connection: to the task, or from it."""

    kind = "tcp"

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.port: int = connection.getsockname()[1]
        self._rest = ""

    @classmethod
    def to(cls, task: int) -> Stream:
        return cls(socket.create_connection(("127.0.0.1", task), 5))

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the task has closed a connection that made no sense
            self._socket.sendall(data)

    def receive(self, seconds: float) -> Received | None:
        message = self._whole()
        if message is None:
            self._socket.settimeout(max(0.001, seconds))
            try:
                self._rest += self._socket.recv(65535).decode("utf-8", "surrogateescape")
            except OSError:
                return None
            message = self._whole()
        return message

    def _whole(self) -> Received | None:
        head, blank, rest = self._rest.lstrip("\r\n").partition("\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not blank or len(rest) < size:
            return None
        self._rest = rest[size:]
        return Received(head + blank + rest[:size])

    def close(self) -> None:
        self._socket.close()


End = Datagrams | Stream
