"""An application on loopback that answers as badly as a test asks it to."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl

from callapi.processes import free_port

Answer = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))


class Application:
    """Gives the ``answers`` one after another, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[Received] = []
        self.port = 0
        self._answers = list(answers)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, connection: socket.socket) -> None:
        received = _read(connection)
        if received is None:
            return
        self.requests.append(received)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        with contextlib.suppress(OSError):
            answer(connection)


def _read(connection: socket.socket) -> Received | None:
    """None when nothing was asked, or not in HTTP."""
    with contextlib.suppress(OSError, ValueError), connection.makefile("rb") as stream:
        method, target, _ = stream.readline().decode().split(" ", 2)
        headers: dict[str, str] = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0"))).decode()
        return Received(method, target, headers, body)
    return None


@contextmanager
def application(*answers: Answer) -> Iterator[Application]:
    app = Application(*answers)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            app.serve(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        app.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield app
        server.shutdown()


def answer(status: int, body: bytes = b"", kind: str = "text/xml", **headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    # It does: a client that keeps connections must not try this one again.
    lines.append("Connection: close")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    message = "\r\n".join([*lines, "", ""]).encode() + body
    return lambda connection: connection.sendall(message)


def raw(message: bytes) -> Answer:
    return lambda connection: connection.sendall(message)


def silent(connection: socket.socket) -> None:
    connection.settimeout(10)
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.1)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.1)


def closed_port() -> int:
    """Nobody listens there, nor will while the test runs."""
    return free_port()
