"""Is the signaling task's SIP loop alive? Sends it OPTIONS (RFC 3261 11.1) and takes any response for a yes.

Run by the image's HEALTHCHECK, in the task's container, on the port that SIP_PORT says (5060 unless set).
A draining task answers 503 and is still healthy. Exit status 0: alive; 1: no SIP response within 3 seconds.
"""

import os
import secrets
import socket
import sys

TIMEOUT_SECONDS = 3.0


def options(host: str, port: int, local_port: int) -> bytes:
    """The request, from a local port on loopback."""
    token = secrets.token_hex(8)
    return (
        f"OPTIONS sip:health@{host}:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{local_port};branch=z9hG4bK{token};rport\r\n"
        f"From: <sip:health@127.0.0.1>;tag={token}\r\nTo: <sip:health@{host}>\r\n"
        f"Call-ID: {token}@health\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def is_alive(host: str, port: int) -> bool:
    """True when a SIP response came back in time; UDP loses nothing on loopback, so one request is enough."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT_SECONDS)
        try:
            client.connect((host, port))
            client.send(options(host, port, client.getsockname()[1]))
            return client.recv(65536).startswith(b"SIP/2.0 ")
        except OSError:
            return False


if __name__ == "__main__":
    sys.exit(not is_alive("127.0.0.1", int(os.environ.get("SIP_PORT", "5060"))))
