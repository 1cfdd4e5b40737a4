"""A telephone that registers at the task, message by message, where the softphone would do it by itself."""

from __future__ import annotations

import json
import socket
import uuid
from typing import Any

from tests.digest import authorization, parameter

from .peer import Message
from .task import Task

DOMAIN = "example.com"
CLIENTS = {"CLIENTS": json.dumps({"alice": "wonderland", "bob": "builder"})}
"""For the task: those who may register, and their passwords."""
OK = "SIP/2.0 200 OK"


class Registrant:
    """Over ``kind``, udp or tcp, to the task at ``task`` (its port)."""

    def __init__(
        self, task: int, kind: str = "udp", name: str = "alice", password: str = "wonderland"
    ) -> None:
        self.name, self.password, self._kind = name, password, kind
        datagrams = kind == "udp"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
        self._socket.connect(("127.0.0.1", task))
        self._socket.settimeout(10)
        self.port: int = self._socket.getsockname()[1]
        self.call_id, self.cseq = uuid.uuid4().hex, 0
        self._count = 0
        self._nonce = self._rest = ""

    def close(self) -> None:
        self._socket.close()

    @property
    def contact(self) -> str:
        return f"<sip:{self.name}@127.0.0.1:{self.port}>"

    def register(self, *lines: str, algorithm: str = "MD5", domain: str = DOMAIN) -> Message:
        """Asks, answers the challenge, and gives the response to that; asks only once while a challenge is fresh."""
        if not self._nonce:
            challenge = self.ask(*lines, domain=domain)
            assert challenge.line == "SIP/2.0 401 Unauthorized", challenge.text
            self.obey(challenge)
        return self.ask(self.proof(algorithm, domain), *lines, domain=domain)

    def obey(self, challenge: Message) -> None:
        self._nonce, self._count = parameter(challenge.header("www-authenticate"), "nonce"), 0

    def proof(self, algorithm: str = "MD5", domain: str = DOMAIN) -> str:
        self._count += 1
        value = authorization(
            self.name, self.password, domain, self._nonce, algorithm, self._count, f"sip:{domain}"
        )
        return f"Authorization: {value}"

    def ask(self, *lines: str, domain: str = DOMAIN) -> Message:
        self.send(self.text(*lines, domain=domain))
        return self.receive()

    def text(self, *lines: str, domain: str = DOMAIN) -> str:
        """A REGISTER of its own transaction; with the contact, unless ``lines`` have one or say that there is none."""
        self.cseq += 1
        contact = (
            []
            if any(line.startswith(("Contact:", "X-No-Contact:")) for line in lines)
            else [f"Contact: {self.contact}"]
        )
        head = [
            f"REGISTER sip:{domain} SIP/2.0",
            f"Via: SIP/2.0/{self._kind.upper()} 127.0.0.1:{self.port};rport;branch=z9hG4bK{uuid.uuid4().hex}",
            f"From: <sip:{self.name}@{domain}>;tag={uuid.uuid4().hex[:8]}", f"To: <sip:{self.name}@{domain}>",
            f"Call-ID: {self.call_id}", f"CSeq: {self.cseq} REGISTER", "Max-Forwards: 70", *contact, *lines,
        ]  # fmt: skip
        return "\r\n".join([*head, "Content-Length: 0", "", ""])

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def receive(self) -> Message:
        """The next response; none of them has a body."""
        while "\r\n\r\n" not in self._rest:
            self._rest += self._socket.recv(65535).decode()
        head, blank, self._rest = self._rest.partition("\r\n\r\n")
        return Message(head + blank, ("", 0))

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        self._socket.settimeout(seconds)
        try:
            return not self._socket.recv(65535)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(10)


def contacts(response: Message) -> list[str]:
    return [value for name, value in response.headers() if name == "Contact"]


def registrations(task: Task) -> list[dict[str, Any]]:
    """What the task asked its register function."""
    return task.entries("registration")
