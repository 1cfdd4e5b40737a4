"""The customer of the demonstration: a small web server that answers with RCML and checks every signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from ..processes import LOOPBACK

SCREEN = """<Response>
  <Gather numDigits="1" timeout="10" action="/pressed"><Say>A call for you. Press 1 to take it.</Say></Gather>
  <Hangup/>
</Response>"""
PRESSED = "<Response/>"
GOODBYE = "<Response><Say>Goodbye.</Say></Response>"


@dataclass(frozen=True)
class Request:
    """A request that came in.  ``verified``: its signature is that of the account's token."""

    path: str
    parameters: dict[str, str]
    verified: bool


@dataclass
class Application:
    """The server.  ``voice`` is the document of an incoming call; ``tell`` hears of each request.

    ``token`` is set when the account is there; until then nothing verifies.
    """

    voice: str
    tell: Callable[[Request], None]
    token: str = field(default="", repr=False)
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Application:
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name that http.server calls
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                url = f"{application.url}{self.path}"
                signature = self.headers.get("X-CallAPI-Signature", "")
                document = application.answer(url, self.path, body, signature).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # http.server's name
                """Say nothing: the application tells of requests itself."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The server's address, without path."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def answer(self, url: str, path: str, body: str, signature: str) -> str:
        """Note the request and give the document for it."""
        parameters = dict(parse_qsl(body, keep_blank_values=True))
        verified = hmac.compare_digest(signature, _signature(self.token, url, parameters))
        request = Request(path, parameters, verified)
        self.requests.append(request)
        self.tell(request)
        documents = {"/voice": self.voice, "/screen": SCREEN, "/action": GOODBYE, "/pressed": PRESSED}
        return documents.get(path, "")

    def received(self, path: str) -> list[Request]:
        """The requests for ``path`` so far."""
        return [request for request in self.requests if request.path == path]


def _signature(token: str, url: str, parameters: dict[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and the parameters sorted by name, as Twilio's validators expect it."""
    text = url + "".join(name + parameters[name] for name in sorted(parameters))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
