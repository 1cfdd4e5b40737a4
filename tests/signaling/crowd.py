"""Many telephones on one socket, for calls by the thousand.  They send little media; what matters is when they do what.

As callees they do what the user part of their URI says: ``PROGRESS-MS-THEN-MS``, as in ``early-120-bye-300``: 180 or
(``early``) 183 with SDP, the 200 after so many milliseconds, and then, after so many more, BYE, REFER, a hold, or
nothing (``stay``).  After two seconds they hang up.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import struct
import uuid

from .peer import SDP, Message
from .rtp import DIGITS, EVENT, FRAME

TIMEOUT = 20.0
REPEAT = 0.5
STAYS = 2.0
PROGRESS = {"ring": "180 Ringing", "early": "183 Session Progress"}
HELD = ("inactive", "sendonly", "0.0.0.0")


class LostError(Exception):
    """What the task owed did not come."""


class Crowd(asyncio.DatagramProtocol):
    """``task``: its port.  Everything is for one asyncio loop."""

    def __init__(self, task: int) -> None:
        self.task = ("127.0.0.1", task)
        self.dialogs: dict[str, Dialog] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        # Nobody reads it: what the task sends there is dropped.
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind(("127.0.0.1", 0))
        self.media.setblocking(False)
        self._background: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._socket)

    def close(self) -> None:
        for work in self._background:
            work.cancel()
        self._transport.close()
        self.media.close()

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        message = Message(data.decode(), source)
        dialog = self.dialogs.get(message.header("call-id"))
        if dialog is None and message.line.startswith("INVITE "):
            dialog = Callee(self, message)
            work = asyncio.ensure_future(dialog.plays_its_part())
            self._background.add(work)
            work.add_done_callback(self._background.discard)
        if dialog is not None:
            dialog.take(message)

    def send(self, head: list[str], body: str, to: tuple[str, int]) -> None:
        kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
        text = "\r\n".join([*head, *kind, f"Content-Length: {len(body)}", "", body])
        self._transport.sendto(text.encode(), to)


class Dialog:
    """One call.  BYE, CANCEL, NOTIFY and INFO of the task are answered at once, its 200s acknowledged."""

    def __init__(self, crowd: Crowd, call_id: str) -> None:
        self.call_id, self.tag = call_id, uuid.uuid4().hex[:8]
        self.crowd = crowd
        self.over = asyncio.Event()
        self._came: asyncio.Queue[Message] = asyncio.Queue()
        self._cseq = itertools.count(1)
        self._version = itertools.count(1)
        self._local = self._remote = self._target = ""
        self._task = crowd.task
        self.codecs = "0 121"
        crowd.dialogs[call_id] = self

    # --- what comes ---

    def take(self, message: Message) -> None:
        if message.line.startswith("SIP/"):
            self._take_response(message)
        elif not message.line.startswith(("ACK", "INVITE")):
            self.reply(message, "200 OK")
            if message.line.startswith("BYE"):
                self.over.set()
            elif message.line.startswith("CANCEL"):
                self.cancelled()

    def _take_response(self, message: Message) -> None:
        status, (number, method) = int(message.line.split()[1]), message.cseq
        if method == "INVITE" and 200 <= status < 300:
            self._remote, self._target = message.header("to"), message.contact
            self._say("ACK", number=number)
        elif method == "INVITE" and status >= 300:
            via = message.header("via")
            self._say("ACK", number=number, via=f"Via: {via}", to=message.header("to"))
        self._came.put_nowait(message)

    def cancelled(self) -> None:
        """The caller of a callee gave up."""

    async def response(self, method: str) -> Message:
        """The final one to our last request of that kind.  Raises LostError, at once when the task has hung up."""
        over = asyncio.ensure_future(self.over.wait())
        try:
            async with asyncio.timeout(TIMEOUT):
                while not self.over.is_set():
                    came = asyncio.ensure_future(self._came.get())
                    await asyncio.wait((came, over), return_when=asyncio.FIRST_COMPLETED)
                    if not came.done():
                        came.cancel()
                    elif (message := came.result()).cseq[1] == method and " 1" not in message.line[7:9]:
                        return message
        except TimeoutError:
            pass
        finally:
            over.cancel()
        raise LostError(f"no response to {method} of {self.call_id}")

    # --- what goes ---

    async def hang_up(self) -> None:
        """BYE, again until it is answered.  Nothing when the task was quicker."""
        number = next(self._cseq)
        via = self._via()
        for _ in range(int(TIMEOUT / REPEAT)):
            if self.over.is_set():
                return
            self._say("BYE", number=number, via=via)
            with contextlib.suppress(TimeoutError, LostError):
                async with asyncio.timeout(REPEAT):
                    await self.response("BYE")
                self.over.set()
        if not self.over.is_set():
            raise LostError(f"no response to BYE of {self.call_id}")

    def change(self, direction: str) -> None:
        """A re-INVITE: ``sendrecv``, ``inactive``, ``sendonly``, or ``0.0.0.0`` as RFC 2543 held."""
        self._say("INVITE", body=self.sdp(direction))

    def refer(self, target: str) -> None:
        self._say("REFER", f"Refer-To: <{target}>")

    def press_by_info(self, digit: str) -> None:
        body = f"Signal={digit}\r\nDuration=100\r\n"
        self._say("INFO", "Content-Type: application/dtmf-relay", body=body)

    def reply(self, request: Message, status: str, sdp: str = "") -> None:
        copied = [
            f"{name}: {value}"
            for name, value in request.headers()
            if name.lower() in ("via", "from", "call-id", "cseq")
        ]
        to = request.header("to")
        tagged = to if ";tag=" in to else f"{to};tag={self.tag}"
        head = [f"SIP/2.0 {status}", *copied, f"To: {tagged}", self._contact]
        self.crowd.send(head, sdp, request.source)

    def sdp(self, direction: str = "sendrecv") -> str:
        text = SDP.format(
            address="127.0.0.1", port=self.crowd.media.getsockname()[1], codecs=self.codecs,
            version=next(self._version), direction="sendrecv" if direction == "0.0.0.0" else direction,
        )  # fmt: skip
        if direction == "0.0.0.0":
            text = text.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
        return text if "121" in self.codecs else text.replace("a=rtpmap:121 telephone-event/8000\r\n", "")

    @property
    def _contact(self) -> str:
        return f"Contact: <sip:peer@127.0.0.1:{self.crowd.port}>"

    def _via(self) -> str:
        return f"Via: SIP/2.0/UDP 127.0.0.1:{self.crowd.port};branch=z9hG4bK{uuid.uuid4().hex}"

    def _say(
        self, method: str, *lines: str, body: str = "", number: int = 0, via: str = "", to: str = ""
    ) -> None:
        head = [
            f"{method} {self._target} SIP/2.0", via or self._via(), f"From: {self._local}",
            f"To: {to or self._remote}", f"Call-ID: {self.call_id}",
            f"CSeq: {number or next(self._cseq)} {method}", "Max-Forwards: 70", self._contact, *lines,
        ]  # fmt: skip
        self.crowd.send(head, body, self._task)


class Call(Dialog):
    """A caller of ``sip:USER@`` the task.  Without ``events`` he offers no RFC 4733, and tones are listened for."""

    def __init__(self, crowd: Crowd, user: str, *, events: bool = True) -> None:
        super().__init__(crowd, uuid.uuid4().hex)
        self._target = f"sip:{user}@127.0.0.1:{crowd.task[1]}"
        self._remote = f"<{self._target}>"
        self._local = f"<sip:alice@127.0.0.1:{crowd.port}>;tag={self.tag}"
        self.codecs = "0 121" if events else "0"
        self._media = 0

    async def answered(self, direction: str = "sendrecv") -> None:
        """INVITE, and the 200.  See ``change`` for ``direction``.  Raises LostError."""
        self._say("INVITE", body=self.sdp(direction))
        answer = await self.response("INVITE")
        if not answer.line.startswith("SIP/2.0 200"):
            raise LostError(f"{answer.line} for {self._target}, {self.call_id}")
        port = re.search(r"m=audio (\d+)", answer.body)
        self._media = int(port[1]) if port else 0

    def press(self, digit: str) -> None:
        """As RFC 4733: the three packets of its end."""
        for number in range(3):
            head = struct.pack("!BBHII", 0x80, EVENT | (0x80 if number == 0 else 0), number, 0, 77)
            body = struct.pack("!BBH", DIGITS.index(digit), 0x80 | 10, FRAME * 5)
            self.crowd.media.sendto(head + body, ("127.0.0.1", self._media))


class Callee(Dialog):
    """What the task's ``invite`` called."""

    def __init__(self, crowd: Crowd, invite: Message) -> None:
        super().__init__(crowd, invite.header("call-id"))
        self._invite = invite
        self._answers = True
        self._task = invite.source
        self._target, self._remote = invite.contact, invite.header("from")
        self._local = f"{invite.header('to')};tag={self.tag}"
        user = invite.line.partition("sip:")[2].partition("@")[0]
        self._progress, self._after, self._then, self._later = user.split("-")

    async def plays_its_part(self) -> None:
        early = self._progress == "early"
        self.reply(self._invite, PROGRESS[self._progress], self.sdp() if early else "")
        await asyncio.sleep(int(self._after) / 1000)
        if not self._answers:
            return
        self._answers = False
        self.reply(self._invite, "200 OK", self.sdp())
        await asyncio.sleep(int(self._later) / 1000)
        match self._then:
            case _ if self.over.is_set():
                return
            case "refer":
                self.refer(f"sip:ring-20-stay-0@127.0.0.1:{self.crowd.port}")
            case "hold":
                self.change("inactive")
        if self._then != "bye":  # whoever was transferred to it has nobody else to end the call
            await asyncio.sleep(STAYS)
        with contextlib.suppress(LostError):  # its caller tells whether the task lives
            await self.hang_up()

    def cancelled(self) -> None:
        if self._answers:
            self._answers = False
            self.reply(self._invite, "487 Request Terminated")
        self.over.set()
