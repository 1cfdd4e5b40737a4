"""The fuzzer's callees: they answer what the task sends them, well or badly, and ask things themselves."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from random import Random

from .messages import Dialog, Draft, Received, answering, response, sdp
from .sockets import Datagrams, End, Stream, Tap

FINALS = (
    "486 Busy Here", "603 Decline", "404 Not Found", "480 Gone", "500 Oops", "503 Later", "488 No", "302 Moved",
    "300 Choose", "401 Who", "407 Who", "408 Late", "422 Small", "420 Bad", "491 Pending", "487 Terminated", "699 Odd",
)  # fmt: skip
RINGING = ("100 Trying", "180 Ringing", "183 Progress", "181 Forwarded", "182 Queued", "199 Ended")
ASKED = (
    "BYE",
    "INFO",
    "INVITE",
    "OPTIONS",
    "UPDATE",
    "REFER",
    "NOTIFY",
    "MESSAGE",
    "SUBSCRIBE",
    "PRACK",
    "CANCEL",
)
CHALLENGE = 'Digest realm="fuzz", nonce="n", qop="auth", algorithm=MD5'


class Callee:
    """On one UDP or TCP port; until ``stop``.  While ``tame``, every BYE gets its 200 and every INVITE 486."""

    def __init__(self, number: int, random: Random, task: int, tap: Tap, kind: str = "udp") -> None:
        self._random, self._tap, self._who, self._task = random, tap, f"callee {number}", task
        self._dialogs: dict[str, Dialog] = {}
        self.tame = False
        self._running = True
        self._listener: socket.socket | None = None
        if kind == "tcp":
            self._listener = socket.create_server(("127.0.0.1", 0))
            self._listener.settimeout(0.2)
            self.port = int(self._listener.getsockname()[1])
            run = self._accept
        else:
            self._end = Datagrams(task)
            self.port = self._end.port
            run = self._serve_datagrams
        self._threads = [threading.Thread(target=run, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        self._running = False
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        assert self._listener is not None
        with self._listener:
            while self._running:
                with contextlib.suppress(OSError):
                    connection, _ = self._listener.accept()
                    thread = threading.Thread(target=self._serve, args=(Stream(connection),), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _serve_datagrams(self) -> None:
        self._serve(self._end)

    def _serve(self, end: End) -> None:
        last = time.monotonic()
        while self._running and (end.kind == "udp" or time.monotonic() - last < 60):
            message = end.receive(0.2)
            if message is not None:
                last = time.monotonic()
                self._tap.received += 1
                self._take(end, message)
        end.close()

    def _say(self, end: End, draft: Draft) -> None:
        end.send(draft.rendered() if self.tame else self._tap.spoil(draft, self._random, self._who))

    def _take(self, end: End, message: Received) -> None:
        if message.status:
            return
        dialog = self._dialogs.get(message.header("call-id"))
        if dialog is None:
            here, there = f"127.0.0.1:{self.port}", f"127.0.0.1:{self._task}"
            dialog = Dialog(self._random, here, there, "callee", end.kind)
            if len(self._dialogs) > 500:
                self._dialogs.clear()
            self._dialogs[message.header("call-id")] = dialog
            answering(dialog, message)
        if message.method == "INVITE" and message.line.startswith("INVITE"):
            self._answer_invite(end, dialog, message)
        elif message.line.startswith("ACK"):
            self._ask(end, dialog)
        elif self.tame or self._random.random() < 0.85:
            self._say(end, response(dialog, message, "200 OK"))
        if message.line.startswith("CANCEL") and (self.tame or self._random.random() < 0.8):
            invite = Received(message.text.replace("CANCEL", "INVITE"), message.source)
            self._say(end, response(dialog, invite, "487 Request Terminated"))

    def _answer_invite(self, end: End, dialog: Dialog, invite: Received) -> None:
        random = self._random
        if self.tame:
            self._say(end, response(dialog, invite, "486 Busy Here"))
            return
        for _ in range(random.randrange(3)):
            reliable = (
                (("Require", "100rel"), ("RSeq", str(random.randrange(1, 9))))
                if random.random() < 0.2
                else ()
            )
            body = sdp(random) if random.random() < 0.3 else ""
            self._say(end, response(dialog, invite, random.choice(RINGING), *reliable, body=body))
        if random.random() < 0.55:
            self._say(end, response(dialog, invite, "200 OK", body=sdp(random)))
        elif random.random() < 0.9:
            status = random.choice(FINALS)
            self._say(end, response(dialog, invite, status, *self._with(status)))

    def _with(self, status: str) -> tuple[tuple[str, str], ...]:
        return {
            "302 Moved": (("Contact", f"<sip:elsewhere@127.0.0.1:{self.port}>"),),
            "300 Choose": (("Contact", "<sip:x@127.0.0.1:1>, <sip:y@127.0.0.1:2>;q=0.1, <mailto:z>"),),
            "401 Who": (("WWW-Authenticate", CHALLENGE),),
            "407 Who": (("Proxy-Authenticate", CHALLENGE),),
            "422 Small": (("Min-SE", "4000"),),
        }.get(status, ())

    def _ask(self, end: End, dialog: Dialog) -> None:
        """What it says by itself once it is in a call."""
        random = self._random
        if self.tame:
            return
        for _ in range(random.choice([0, 0, 1, 2])):
            method = random.choice(ASKED)
            headers = {
                "REFER": (("Refer-To", f"<sip:carol@127.0.0.1:{self.port}>"),),
                "INFO": (("Content-Type", "application/dtmf-relay"),),
            }.get(method, ())
            body = {"INVITE": sdp(random), "INFO": "Signal=1\r\nDuration=50\r\n"}.get(method, "")
            self._say(end, dialog.request(method, *headers, body=body))
