"""The application of all calls: a document for each path, and what was asked there."""

from __future__ import annotations

import io
import threading
import wave
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

VOICE = "/voice"
NOTHING = "<Response/>"
SOUND = ".wav"


class Site:
    """A call to ``sip:USER@…`` gets ``documents["/voice/USER"]``.  ``asked``: the forms that came to each path."""

    def __init__(self, port: int, sound: bytes) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._sound = sound
        self.documents: dict[str, str] = {}
        self.asked: defaultdict[str, list[dict[str, str]]] = defaultdict(list)

    def url(self, path: str) -> str:
        return self._root + path

    def answer(self, path: str, form: dict[str, str]) -> tuple[str, bytes]:
        """The kind and the body."""
        if path.endswith(SOUND):
            return "audio/wav", self._sound
        if path == VOICE:
            path += "/" + form["To"].partition(":")[2].partition("@")[0]
        self.asked[path].append(form)
        return "text/xml", self.documents.get(path, NOTHING).encode()


@contextmanager
def site_running(sound: bytes) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(dict(parse_qsl(body, keep_blank_values=True)))

        def _answer(self, form: dict[str, str]) -> None:
            kind, body = site.answer(self.path, form)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(server.server_port, sound)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


def silence(seconds: float) -> bytes:
    """A WAV."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))
    return made.getvalue()
