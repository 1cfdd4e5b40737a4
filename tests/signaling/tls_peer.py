"""A callee over TLS that a test can make lose its connection: one certificate for each connection."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Sequence

from chalicelib.calls.session import Headers
from chalicelib.sip.message import Message
from tests.signaling.certificates import Certificate
from tests.signaling.peer import SDP


class TlsPeer:
    """Answers every request with 200.  ``asked``: the server names of the handshakes."""

    def __init__(self, certificates: Sequence[Certificate], place: str) -> None:
        self._certificates, self._place = certificates, place
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self.methods: list[str] = []
        self.asked: list[str | None] = []
        self._running, self._connected = True, False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def lose_connection(self) -> None:
        """It is closed when this returns, and the other side had time to notice."""
        self._connected = False
        self._closed.wait(5)
        time.sleep(0.3)

    def close(self) -> None:
        self._running = self._connected = False
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while self._running:
            try:
                plain, _ = self._listener.accept()
            except TimeoutError:
                continue
            plain.settimeout(5)
            try:
                with self._context().wrap_socket(plain, server_side=True) as secure:
                    self._talk(secure)
                self._closed.set()
            except OSError:  # the task does not like the certificate, or has gone
                plain.close()

    def _context(self) -> ssl.SSLContext:
        made = self._certificates[len(self.asked)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.cert, made.key)
        context.sni_callback = lambda _socket, name, _context: self.asked.append(name)
        return context

    def _talk(self, secure: ssl.SSLSocket) -> None:
        self._connected = True
        secure.settimeout(0.05)
        data = ""
        while self._connected:
            try:
                got = secure.recv(65536).decode()
            except TimeoutError:
                continue
            if not got:
                return
            data += got
            while (end := _end_of_message(data)) > 0:
                self._answer(secure, data[:end])
                data = data[end:]

    def _answer(self, secure: ssl.SSLSocket, request: str) -> None:
        method = request.split(" ", 1)[0]
        if method != "ACK":
            secure.sendall(self._response(method, Message(request).headers))
        self.methods.append(method)

    def _response(self, method: str, headers: Headers) -> bytes:
        kept = [
            f"{name}: {value}"
            for name, value in headers
            if name.lower() in ("via", "from", "call-id", "cseq")
        ]
        to = next(value for name, value in headers if name.lower() == "to")
        body = (
            SDP.format(address="127.0.0.1", port=9, direction="sendrecv", codecs="0 121", version=1)
            if method == "INVITE"
            else ""
        )
        head = [
            "SIP/2.0 200 OK", *kept, f"To: {to if ';tag=' in to else to + ';tag=t1'}",
            f"Contact: <sips:peer@{self._place}>", "Content-Type: application/sdp", f"Content-Length: {len(body)}",
        ]  # fmt: skip
        return "\r\n".join([*head, "", body]).encode()


def _end_of_message(data: str) -> int:
    """0: not whole yet."""
    head, blank, _ = data.lstrip("\r\n").partition("\r\n\r\n")
    if not blank:
        return 0
    found = re.search(r"^Content-Length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
    end = len(data) - len(data.lstrip("\r\n")) + len(head) + 4 + int(found[1] if found else 0)
    return end if len(data) >= end else 0
