"""A web server on loopback for one test: a handler says what it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers each request in ``respond``; keeps its connections, and says nothing on the terminal."""

    protocol_version = "HTTP/1.1"

    def respond(self, body: bytes) -> None:
        """``body``: the request's.  ``command``, ``path`` and ``headers`` are its others."""
        raise NotImplementedError

    def _read(self) -> None:
        self.respond(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_GET = do_POST = do_PUT = _read  # noqa: N815  # http.server's names

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # http.server's name
        """Nobody asks for it."""


@contextmanager
def http_server(handler: type[Handler]) -> Iterator[str]:
    """Its URL, without a slash.  Requests that are still open in the end are left alone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
