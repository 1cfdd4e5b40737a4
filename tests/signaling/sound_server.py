"""A web server with sounds: a tone of any length, and files that are not what they say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from .wav import sound


class _Sounds(BaseHTTPRequestHandler):
    """/0.3.wav is 300 ms long.  Other names are in ``files``."""

    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        name = self.path.strip("/").removesuffix(".wav")
        body = self.files[name] if name in self.files else sound(float(name))
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Not to the terminal."""


@contextmanager
def sounds_served(**files: bytes) -> Iterator[int]:
    """The port of a web server that has ``files``, and a tone of any length at /SECONDS.wav."""
    handler = type("_Served", (_Sounds,), {"files": files})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
