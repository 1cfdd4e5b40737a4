"""One HTTP exchange with a customer's server, within hard limits whatever that server does.

The limits (docs/contract.md §5): 5 s to connect, the look-up of the name included; 15 s in all; 64 KiB of body unless
the caller says otherwise.  A socket timeout alone would not do: a server that sends a byte a second never reaches it.
So a timer cuts the connection when the time is over.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from ..catalogue import Code
from .errors import RequestError
from .guard import AddressGuard

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MAX_BODY = 64 * 1024
USER_AGENT = "CallAPI/1"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Request:
    """``body`` None: no body.  ``url`` absolute, http or https."""

    url: str
    method: str
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Response:
    """Header names in lower case; of repeated ones the last."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Readable(Protocol):
    def read(self, amount: int) -> bytes: ...


def exchange(
    request: Request, guard: AddressGuard, seconds: float = TOTAL_SECONDS, max_body: int = MAX_BODY
) -> Response:
    """Send ``request`` and read the answer, redirects not followed; raises RequestError.

    ``seconds``: how much of the total time is left.  ``max_body``: bytes of body that are read.
    """
    deadline = time.monotonic() + seconds
    parts = _parts(request.url)
    connection = _connection(parts, guard, time.monotonic() + min(CONNECT_SECONDS, seconds))
    try:
        _connect(connection)
        with _cut_off(connection, deadline):
            return _talk(connection, request, parts, deadline, max_body)
    finally:
        connection.close()


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise RequestError(Code.HTTP_HOST_REFUSED, "not an http(s) URL")
    return parts


def _connection(parts: SplitResult, guard: AddressGuard, deadline: float) -> HTTPConnection:
    host = str(parts.hostname)
    port = parts.port or PORTS[parts.scheme]
    address = _resolved(host, port, guard, deadline)
    seconds = max(0.1, deadline - time.monotonic())
    if parts.scheme == "http":
        return HTTPConnection(address, port, timeout=seconds)
    return HTTPSConnection(
        address, port, timeout=seconds, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED"
    )


def _resolved(host: str, port: int, guard: AddressGuard, deadline: float) -> str:
    """The system's look-up knows no time limit, and a name server may be as slow as its owner likes.

    So it is left behind on its thread when the time is over.
    """
    found: Future[str] = Future()

    def look_up() -> None:
        try:
            found.set_result(guard.resolve(host, port))
        except Exception as error:  # noqa: BLE001  raised again where it is waited for
            found.set_exception(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        return found.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        raise RequestError(Code.HTTP_CONNECT_TIMEOUT, "the name was not resolved in time") from None


def _connect(connection: HTTPConnection) -> None:
    try:
        connection.connect()
    except urllib3.exceptions.NewConnectionError as error:
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        code = Code.HTTP_CONNECTION_REFUSED if refused else Code.HTTP_CONNECTION_FAILURE
        raise RequestError(code, "no connection") from None
    # After its subclass NewConnectionError, which is no timeout.
    except urllib3.exceptions.ConnectTimeoutError:
        raise RequestError(Code.HTTP_CONNECT_TIMEOUT, "no connection in time") from None
    except (ssl.SSLError, urllib3.exceptions.SSLError):
        raise RequestError(Code.HTTP_TLS_FAILURE, "the TLS handshake or the certificate failed") from None
    except TimeoutError:
        raise RequestError(Code.HTTP_CONNECT_TIMEOUT, "no TLS handshake in time") from None
    except OSError:
        raise RequestError(Code.HTTP_CONNECTION_FAILURE, "no connection") from None


@contextlib.contextmanager
def _cut_off(connection: HTTPConnection, deadline: float) -> Iterator[None]:
    """Shut the socket down at the deadline, which ends any read on it at once."""
    sock = connection.sock

    def cut() -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _talk(
    connection: HTTPConnection, request: Request, parts: SplitResult, deadline: float, max_body: int
) -> Response:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": USER_AGENT, "Connection": "close"}
    try:
        # Not on the socket: urllib3 sets the socket's timeout from its own before it sends and before it reads.
        connection.timeout = max(0.1, deadline - time.monotonic())
        connection.request(request.method, target, body=request.body, headers=headers | request.headers,
                           preload_content=False)  # fmt: skip
        # Closed here too: with "Connection: close" the answer, not the connection, holds the socket.
        with contextlib.closing(connection.getresponse()) as answer:
            body = _limited(answer, answer.status, max_body)
    except RequestError:
        raise
    except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError, ValueError) as error:
        if time.monotonic() >= deadline - 0.05:
            raise RequestError(Code.HTTP_TOTAL_TIMEOUT, "no whole answer in time") from None
        raise _broken(error) from None
    if time.monotonic() >= deadline:
        raise RequestError(Code.HTTP_TOTAL_TIMEOUT, "no whole answer in time")
    return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)


def _broken(error: Exception) -> RequestError:
    """urllib3 wraps what ends a body too early in ProtocolError."""
    if isinstance(error, (OSError, urllib3.exceptions.ProtocolError)):
        return RequestError(
            Code.HTTP_CONNECTION_FAILURE, "the connection broke before the answer was complete"
        )
    return RequestError(Code.HTTP_PROTOCOL_VIOLATION, "the answer was not HTTP")


def _limited(answer: _Readable, status: int, max_body: int) -> bytes:
    body = answer.read(max_body + 1)
    if len(body) > max_body:
        raise RequestError(Code.HTTP_BODY_TOO_LARGE, f"more than {max_body} bytes", status)
    return body
