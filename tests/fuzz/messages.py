"""SIP messages as they are before they are spoilt: a start line, headers, a body; and the dialogs that they are of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from chalicelib.sip.message import Message

AUTO = "auto"
"""The Content-Length that is written when the message goes out."""


@dataclass(frozen=True)
class Draft:
    """Text; what is no text yet (a byte that is not UTF-8) is a lone surrogate."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def with_header(self, name: str, value: str) -> Draft:
        """In place of the first of that name, or at the end."""
        kept = list(self.headers)
        for index, (other, _) in enumerate(kept):
            if other.lower() == name.lower():
                kept[index] = (other, value)
                return replace(self, headers=tuple(kept))
        return replace(self, headers=(*self.headers, (name, value)))

    def rendered(self) -> bytes:
        body = self.body.encode("utf-8", "surrogateescape")
        lines = [
            f"{name}: {len(body) if value == AUTO else value}" if name else value
            for name, value in self.headers
        ]
        head = "\r\n".join([self.line, *lines, "", ""])
        return head.encode("utf-8", "surrogateescape") + body


@dataclass(frozen=True)
class Received:
    """What the task sent."""

    text: str
    source: tuple[str, int] = ("", 0)

    @property
    def line(self) -> str:
        return self.text.partition("\r\n")[0]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.line[8:11]) if self.line.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the request that it answers."""
        return self.header("cseq").partition(" ")[2]

    def header(self, name: str) -> str:
        return Message(self.text).header(name)

    @property
    def contact(self) -> str:
        return self.header("contact").partition("<")[2].partition(">")[0]

    def copied(self, *names: str) -> tuple[tuple[str, str], ...]:
        return tuple((name, value) for name, value in Message(self.text).headers if name.lower() in names)


def token(random: Random, length: int = 10) -> str:
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))


def sdp(random: Random, port: int = 0) -> str:
    """An offer or answer that any telephone might send."""
    port = port or random.randrange(20000, 60000, 2)
    return (
        f"v=0\r\no=fuzz {random.randrange(1 << 31)} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 8 121\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:121 telephone-event/8000\r\na=sendrecv\r\n"
    )


class Dialog:
    """What one side says in it.  ``here``: host and port of that side; ``kind``: udp or tcp."""

    def __init__(self, random: Random, here: str, there: str, user: str, kind: str) -> None:
        self.random, self.here, self.kind = random, here, kind
        self.call_id, self.tag, self.cseq = token(random, 16), token(random), random.randrange(1, 1000)
        self.target = f"sip:{user}@{there}" + (";transport=tcp" if kind == "tcp" else "")
        self.to = f"<sip:{user}@{there}>"
        self.sender = f'"Fuzz" <sip:fuzz@{here}>;tag={self.tag}'
        self.branch = ""

    def request(self, method: str, *headers: tuple[str, str], body: str = "", same: bool = False) -> Draft:
        """``same``: of the transaction before, as ACK and CANCEL are."""
        if not same:
            self.cseq += 1
            self.branch = "z9hG4bK" + token(self.random)
        kind = (("Content-Type", "application/sdp"),) if body.startswith("v=0") else ()
        return Draft(
            f"{method} {self.target} SIP/2.0",
            (
                ("Via", f"SIP/2.0/{self.kind.upper()} {self.here};branch={self.branch};rport"),
                ("From", self.sender),
                ("To", self.to),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self.cseq} {method}"),
                ("Max-Forwards", "70"),
                ("Contact", self.contact),
                *headers,
                *kind,
                ("Content-Length", AUTO),
            ),
            body,
        )

    @property
    def contact(self) -> str:
        return f"<sip:fuzz@{self.here}{';transport=tcp' if self.kind == 'tcp' else ''}>"

    def enter(self, answer: Received) -> None:
        """The dialog that ``answer`` to our INVITE made."""
        self.to, self.target = answer.header("to") or self.to, answer.contact or self.target


def answering(dialog: Dialog, invite: Received) -> None:
    """Make ``dialog`` that of ``invite``, which the task sent to us."""
    dialog.call_id = invite.header("call-id")
    dialog.to, dialog.target = invite.header("from"), invite.contact or dialog.target
    dialog.sender = f"{invite.header('to')};tag={dialog.tag}"


def response(
    dialog: Dialog, request: Received, status: str, *headers: tuple[str, str], body: str = ""
) -> Draft:
    to = request.header("to")
    tagged = to if ";tag=" in to or status.startswith("100") else f"{to};tag={dialog.tag}"
    kind = (("Content-Type", "application/sdp"),) if body.startswith("v=0") else ()
    return Draft(
        f"SIP/2.0 {status}",
        (
            *request.copied("via", "from", "call-id", "cseq", "record-route"),
            ("To", tagged),
            ("Contact", dialog.contact),
            *headers,
            *kind,
            ("Content-Length", AUTO),
        ),
        body,
    )
