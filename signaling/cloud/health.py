"""GET / on the health port: 200 while the task takes calls, 503 while it drains; figures as JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve_health(port: int, figures: Callable[[], dict[str, int | bool]]) -> ThreadingHTTPServer:
    """Listens on a thread of its own.  ``figures`` only reads counters; it may be called from any thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown = figures()
            body = json.dumps(shown).encode()
            self.send_response(503 if shown["draining"] else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Health checks are no news."""

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
