"""Stands between a process and the AWS emulator: passes each request on, and notes what it was and how long it took."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

HOST = "127.0.0.1"
# What the beginning of an item's key says about the item, see chalicelib/storage.
ITEMS = {
    "CA": "step", "trace#": "trace", "call#": "listing", "doc#": "text", "tasks": "task", "AC": "account",
    "domain#": "application",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """One request.  ``operation``: of AWS, with its object; ``seconds``: until its answer was complete.

    ``item``: bytes of the item that a PutItem writes, as DynamoDB counts them; 0 for all else.
    """

    operation: str
    seconds: float
    item: int


class Counting:
    """Use as a context; ``endpoint`` is what the counted process gets as AWS_ENDPOINT_URL."""

    def __init__(self, upstream: str) -> None:
        self.seen: list[Seen] = []
        address = urlsplit(upstream).netloc
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                self.upstream = http.client.HTTPConnection(address, timeout=60)

            def finish(self) -> None:
                self.upstream.close()
                super().finish()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                started = time.perf_counter()
                self.upstream.request(self.command, self.path, body, dict(self.headers))
                answer = self.upstream.getresponse()
                content = answer.read()
                seconds = time.perf_counter() - started
                seen.append(Seen(_operation(self.path, self.headers, body), seconds, _written(body)))
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # http.server's name
                """Say nothing."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.endpoint = f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Counting:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _operation(path: str, headers: Any, body: bytes) -> str:
    if "/functions/" in path:
        name = unquote(path).split("/functions/")[1].split("/")[0]
        return f"Invoke {_logical(name)}"
    target = headers.get("X-Amz-Target", "")
    service, _, operation = target.rpartition(".")
    if service.startswith("DynamoDB"):
        return f"{operation} {_item(json.loads(body))}"
    if service == "AmazonSQS":
        return f"{operation} {_logical(json.loads(body).get('QueueUrl', '').rpartition('/')[2])}"
    return operation or path.rpartition("/")[2]


def _written(body: bytes) -> int:
    """Names and texts in UTF-8, bytes as they are; a number takes a byte for two digits, and one more."""
    item: dict[str, dict[str, str]] = json.loads(body).get("Item", {}) if b'"Item"' in body else {}
    texts = sum(len(value.get("S", "").encode()) for value in item.values())
    numbers = sum(len(value["N"]) // 2 + 1 for value in item.values() if "N" in value)
    binaries = sum(len(base64.b64decode(value["B"])) for value in item.values() if "B" in value)
    return sum(map(len, item)) + texts + numbers + binaries


def _item(request: dict[str, Any]) -> str:
    """What kind of item the request is about, by its key."""
    key = request.get("Key") or request.get("Item") or {}
    text = key.get("pk", {}).get("S", "")
    return next((kind for prefix, kind in ITEMS.items() if text.startswith(prefix)), request["TableName"])


def _logical(name: str) -> str:
    """``Step`` of ``callapi-StepFunction-CA9F49A37033F``."""
    parts = name.split("-")
    return parts[1].removesuffix("Function").removesuffix("Queue") if len(parts) > 1 else name
