"""A way to the cloud on which answers get lost, as they do when a function is killed after its work is done."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import urlsplit

from tests.http_server import Handler, http_server
from tests.waiting import PATIENCE

OWN = ("content-length", "transfer-encoding", "connection", "date", "server")
"""Headers that each connection has its own of."""


@dataclass
class LossyWay:
    """``endpoint`` leads to the cloud; the first answer to each request for ``function`` is lost on it.

    ``invoked`` counts the arrivals of each such request, by the hash of its body; not of one that makes no step.
    """

    endpoint: str
    function: str
    invoked: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_lost(self, path: str, body: bytes) -> bool:
        if f"/functions/{self.function}/" not in path or b'"events":[]' in body:
            return False
        request = hashlib.sha256(body).hexdigest()
        with self._lock:
            self.invoked[request] = self.invoked.get(request, 0) + 1
            return self.invoked[request] == 1


@contextmanager
def lossy_way(cloud: str, function: str) -> Iterator[LossyWay]:
    """Between a task and the ``cloud`` (its endpoint)."""

    class Lossy(Handler):
        def respond(self, body: bytes) -> None:
            answer, content = passed_on(cloud, self.command, self.path, body, self.headers)
            if way.is_lost(self.path, body):
                self.close_connection = True
                return
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OWN]
            with contextlib.suppress(ConnectionError):  # a task that ends does not wait for its long polls
                self.answer(answer.status, content, *kept)

    with http_server(Lossy) as endpoint:
        way = LossyWay(endpoint, function)
        yield way


def passed_on(
    cloud: str, method: str, path: str, body: bytes, headers: Message
) -> tuple[http.client.HTTPResponse, bytes]:
    """What the ``cloud`` answers to the request, and the body of that."""
    with contextlib.closing(
        http.client.HTTPConnection(urlsplit(cloud).netloc, timeout=PATIENCE)
    ) as connection:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer, answer.read()
