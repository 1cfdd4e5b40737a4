"""A SIP peer over UDP that a test leads by the hand, message by message, where a SIPp scenario would hide the point.

In what is sent, ``\\udce9`` is the byte E9.
"""

from __future__ import annotations

import re
import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.sip import message as sip
from chalicelib.sip.headers import Headers
from tests.waiting import PATIENCE

Make = Callable[..., Any]
"""The fixture ``peers``: makes a Peer, a Caller, a Telephone, which is closed in the end."""

SDP = (
    "v=0\r\no=peer 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {codecs}\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:121 telephone-event/8000\r\na={direction}\r\n"
)


class Message:
    """As it came.  ``text`` with its body.  ``again``: a repetition, because our answer was late or lost."""

    def __init__(self, text: str, source: tuple[str, int]) -> None:
        self.text, self.source = text, source
        self.line = text.partition("\r\n")[0]
        self.body = text.partition("\r\n\r\n")[2]
        self.again = False

    def header(self, name: str) -> str:
        return sip.Message(self.text).header(name.lower())

    def values(self, name: str) -> list[str]:
        """Those of a header that is a list with commas."""
        return [value.strip() for value in self.header(name).split(",")]

    def headers(self) -> Headers:
        return sip.Message(self.text).headers

    @property
    def contact(self) -> str:
        found = re.search(r"<([^>]+)>", self.header("contact"))
        assert found is not None
        return found[1]

    @property
    def cseq(self) -> tuple[int, str]:
        number, method = self.header("cseq").split()
        return int(number), method

    def repeats(self, earlier: Message) -> bool:
        """Of one transaction, and the same; an ACK of a 2xx is none (RFC 3261 §17)."""
        names = ("via", "cseq", "call-id", "to")
        return self.line == earlier.line and all(self.header(name) == earlier.header(name) for name in names)


class Peer:
    """``media``: where its RTP is expected.  ``telephone_event`` False: it offers no RFC 4733.

    ``place``: what its Contact says (empty: it sends none), ``address``: what its SDP does.  While ``automatic``, BYE,
    CANCEL and NOTIFY are answered at once, as any telephone does.
    """

    def __init__(self, media: int = 9, *, telephone_event: bool = True) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self.media = media
        self.place = f"127.0.0.1:{self.port}"
        self.address = "127.0.0.1"
        self.codecs = "0 121" if telephone_event else "0"
        self.tag = uuid.uuid4().hex[:8]
        self.received: list[Message] = []
        self.automatic = True
        self._next = 0
        self._cseq = 1
        self._sdp_version = 0
        self._running = True
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        return f"sip:bob@127.0.0.1:{self.port}"

    def close(self) -> None:
        self._running = False
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while self._running:
            try:
                data, source = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            if data.strip():
                self._take(Message(data.decode(errors="surrogateescape"), source))

    def _take(self, message: Message) -> None:
        if self.automatic and message.line.startswith(("BYE", "CANCEL", "NOTIFY")):
            self.reply(message, "200 OK")
        if self.automatic and message.line.startswith("CANCEL"):
            invites = [earlier for earlier in self.received if earlier.line.startswith("INVITE")]
            self.reply(invites[-1], "487 Request Terminated")
        if not message.line.startswith("ACK"):
            message.again = any(map(message.repeats, self.received))
        self.received.append(message)

    # --- what comes ---

    def expect(self, start: str, seconds: float = PATIENCE) -> Message:
        """The next message that begins with ``start``; those before it, and repetitions, are passed over."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            while self._next < len(self.received):
                message = self.received[self._next]
                self._next += 1
                if message.line.startswith(start) and not message.again:
                    return message
            time.sleep(0.01)
        lines = [message.line for message in self.received]
        raise AssertionError(f"{start!r} did not come: {lines}")

    def count(self, start: str) -> int:
        return sum(message.line.startswith(start) for message in self.received)

    def waiting(self) -> bool:
        """Whether an INVITE came that no ``expect`` has taken."""
        return any(m.line.startswith("INVITE") and not m.again for m in self.received[self._next :])

    # --- what goes ---

    def reply(self, request: Message, status: str, *lines: str, sdp: str = "") -> None:
        """``status`` as ``486 Busy Here``; ``sdp``: the direction of an answer, ``sendrecv`` or another."""
        copied = [
            f"{name}: {value}"
            for name, value in request.headers()
            if name.lower() in ("via", "from", "call-id", "cseq")
        ]
        to = request.header("to")
        tagged = to if ";tag=" in to or status.startswith("100") else f"{to};tag={self.tag}"
        head = [f"SIP/2.0 {status}", *copied, f"To: {tagged}", self._contact, *lines]
        self._send(head, self._sdp(sdp), request.source)

    def answer(self, request: Message, *lines: str) -> None:
        self.reply(request, "200 OK", *lines, sdp="sendrecv")

    def request(self, method: str, invite: Message, *lines: str, sdp: str = "", body: str = "") -> None:
        """In the dialog that ``invite`` of the task began and that we answered."""
        self._cseq += 1
        head = [
            f"{method} {invite.contact} SIP/2.0", self.via(), f"From: {invite.header('to')};tag={self.tag}",
            f"To: {invite.header('from')}", f"Call-ID: {invite.header('call-id')}", f"CSeq: {self._cseq} {method}",
            "Max-Forwards: 70", self._contact, *lines,
        ]  # fmt: skip
        self._send(head, body or self._sdp(sdp), invite.source)

    def acknowledge(self, response: Message) -> None:
        """ACK to the task's answer to a request that we sent in its dialog."""
        head = [
            f"ACK {response.contact} SIP/2.0", self.via(), f"From: {response.header('from')}",
            f"To: {response.header('to')}", f"Call-ID: {response.header('call-id')}",
            f"CSeq: {response.cseq[0]} ACK", "Max-Forwards: 70",
        ]  # fmt: skip
        self._send(head, "", response.source)

    def via(self, branch: str = "") -> str:
        return f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{branch or uuid.uuid4().hex}"

    @property
    def _contact(self) -> str:
        return f"Contact: <sip:peer@{self.place}>" if self.place else ""

    def _sdp(self, direction: str) -> str:
        if not direction:
            return ""
        self._sdp_version += 1
        text = SDP.format(
            address=self.address,
            port=self.media,
            direction=direction,
            codecs=self.codecs,
            version=self._sdp_version,
        )
        return text if "121" in self.codecs else text.replace("a=rtpmap:121 telephone-event/8000\r\n", "")

    def _send(self, head: list[str], body: str, to: tuple[str, int]) -> None:
        kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
        text = "\r\n".join([*filter(None, head), *kind, f"Content-Length: {len(body)}", "", body])
        self._socket.sendto(text.encode(errors="surrogateescape"), to)


class Caller(Peer):
    """Calls the task at ``task`` (its port)."""

    def __init__(self, task: int, media: int = 9, *, telephone_event: bool = True) -> None:
        super().__init__(media, telephone_event=telephone_event)
        self._task = ("127.0.0.1", task)
        self._call_id = uuid.uuid4().hex
        self._branch = uuid.uuid4().hex
        self._to = f"<sip:svc@127.0.0.1:{task}>"
        self._target = f"sip:svc@127.0.0.1:{task}"
        self.name = '"Alice"'

    def call(self, *lines: str, via: str = "", target: str = "", sdp: str = "sendrecv") -> None:
        """The INVITE, with further header lines; ``picked_up`` or ``cancel`` comes after it.

        ``via``: parameters of its Via.  ``target``: its Request-URI.  ``sdp``: the direction of its offer.
        """
        self._target = target or self._target
        self._say("INVITE", 1, self.via(self._branch) + via, *lines, sdp=sdp)

    def comes_again(self) -> None:
        """The INVITE of ``call``, by another way: another branch, and outside the dialog (RFC 3261 §8.2.2.2)."""
        inside, self._to = self._to, self._to.partition(";tag=")[0]
        self._say("INVITE", 1, self.via(), sdp="sendrecv")
        self._to = inside

    def enters(self, provisional: Message) -> None:
        """The dialog that ``provisional`` began."""
        self._to, self._target = provisional.header("to"), provisional.contact

    def calls_anew(self, sdp: str = "sendrecv") -> None:
        """A re-INVITE in the dialog, answered and acknowledged."""
        self._cseq += 1
        self._say("INVITE", self._cseq, self.via(), sdp=sdp)
        self.acknowledge(self.expect("SIP/2.0 200"))

    def picked_up(self, seconds: float = PATIENCE) -> Message:
        """Waits for the 200 and acknowledges it."""
        answer = self.expect("SIP/2.0 200", seconds)
        self.enters(answer)
        self._say("ACK", 1, self.via())
        return answer

    def move(self, media: int) -> None:
        """A re-INVITE that takes the sound to another port."""
        self.media = media
        self._cseq += 1
        self._say("INVITE", self._cseq, self.via(), sdp="sendrecv")
        self.expect("SIP/2.0 200")
        self._say("ACK", self._cseq, self.via())

    def cancel(self) -> None:
        self._say("CANCEL", 1, self.via(self._branch))

    def hang_up(self) -> None:
        self._cseq += 1
        self._say("BYE", self._cseq, self.via())

    def info(self, kind: str, body: str) -> None:
        self._cseq += 1
        self._say("INFO", self._cseq, self.via(), f"Content-Type: {kind}", body=body)

    def refer(self, *lines: str) -> None:
        self.ask("REFER", *lines)

    def ask(self, method: str, *lines: str, body: str = "", sdp: str = "") -> None:
        """A request: in the dialog once ``picked_up`` has made one, before that outside of any."""
        self._cseq += 1
        self._say(method, self._cseq, self.via(), *lines, body=body, sdp=sdp)

    def _say(self, method: str, cseq: int, via: str, *lines: str, sdp: str = "", body: str = "") -> None:
        head = [
            f"{method} {self._target} SIP/2.0", via,
            f"From: {self.name} <sip:alice@127.0.0.1:{self.port}>;tag={self.tag}", f"To: {self._to}",
            f"Call-ID: {self._call_id}", f"CSeq: {cseq} {method}", "Max-Forwards: 70", self._contact, *lines,
        ]  # fmt: skip
        self._send(head, body or self._sdp(sdp), self._task)
