"""The Lambda Runtime API, as much of it as Lambda's own runtime client for Python uses, on loopback.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.  One event at a time, as in one execution environment.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

VERSION = "/2018-06-01/runtime"
LIMIT_MS = 30_000
PATIENCE = 0.5  # s between two looks whether the function's process still lives


class NoAnswerError(Exception):
    """The function's process ended, or took too long."""


@dataclass(frozen=True)
class Answer:
    """What the function made of an event; ``init error``: it could not even be loaded."""

    kind: Literal["response", "error", "init error"]
    body: Any


class RuntimeApi:
    """Hands out events and takes the answers to them.  Use as a context; ``address`` is host:port."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._events: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
        self._numbers = itertools.count(1)

    def __enter__(self) -> RuntimeApi:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._events.put(None)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def invoke(self, event: bytes, alive: Callable[[], bool], seconds: float = 20) -> Answer:
        """The answer to ``event`` (JSON).  NoAnswerError when ``alive`` ends or ``seconds`` pass."""
        number = next(self._numbers)
        self._events.put((number, event))
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                answered, answer = self._answers.get(timeout=PATIENCE)
            except queue.Empty:
                if alive():
                    continue
                raise NoAnswerError("the function's process ended") from None
            if answer.kind == "init error" or answered == str(number):
                return answer
        raise NoAnswerError(f"no answer in {seconds:g} s")

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # The client has it too: without, Nagle's algorithm and delayed ACKs make 44 ms of each answer.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A process that was ended breaks its connection; whoever waits for its answer is told by ``invoke``.
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
            while request := _read_request(reader):
                answer = self._next() if request[0] == f"{VERSION}/invocation/next" else self._take(*request)
                if answer is None:
                    return
                connection.sendall(answer)

    def _next(self) -> bytes | None:
        waiting = self._events.get()
        if waiting is None:
            return None
        number, event = waiting
        # Without Content-Type the client's C++ part makes a string of a null pointer, and the process dies.
        return _response(
            "200 OK",
            event,
            f"Lambda-Runtime-Aws-Request-Id: {number}",
            f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + LIMIT_MS}",
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:built",
            "Content-Type: application/json",
        )

    def _take(self, path: str, body: bytes) -> bytes:
        match path.removeprefix(VERSION).split("/"):
            case ["", "invocation", number, "response"]:
                self._answers.put((number, Answer("response", json.loads(body))))
            case ["", "invocation", number, "error"]:
                self._answers.put((number, Answer("error", json.loads(body))))
            case ["", "init", "error"]:
                self._answers.put(("", Answer("init error", json.loads(body))))
            case _:
                return _response("404 Not Found", b"{}", "Content-Type: application/json")
        return _response("202 Accepted", b"{}", "Content-Type: application/json")


def _read_request(reader: BinaryIO) -> tuple[str, bytes] | None:
    """Path and body; None at the end of the connection."""
    line = reader.readline().split()
    if not line:
        return None
    length = 0
    while header := reader.readline().strip():
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return line[1].decode(), reader.read(length)


def _response(status: str, body: bytes, *headers: str) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""))
    return head.encode() + body
