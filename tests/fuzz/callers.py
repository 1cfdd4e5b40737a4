"""What a caller of the fuzzer does: calls the task, says what may make no sense in the call, leaves or does not."""

from __future__ import annotations

import time
from random import Random

from .messages import Dialog, Draft, Received, sdp, token
from .sockets import Datagrams, End, Stream, Tap

INSIDE = (
    "INFO", "OPTIONS", "REFER", "UPDATE", "PRACK", "SUBSCRIBE", "NOTIFY", "MESSAGE", "INVITE", "PUBLISH", "BYE", "ACK",
    "CANCEL", "REGISTER", "BOGUS",
)  # fmt: skip
OUTSIDE = (*INSIDE, "REGISTER", "OPTIONS")
RELAY = ("Content-Type", "application/dtmf-relay")
BODIES = (
    "Signal=5\r\nDuration=100\r\n",
    "Signal=\udce9",
    "Signal",
    "=",
    "Signal= \r\n\r\n",
    "5",
    "Signal=#\r\nDuration=\r\n",
)


class Caller:
    """One of its flows.  ``users``: whom it may call, each with another document."""

    def __init__(self, number: int, random: Random, task: int, users: tuple[str, ...], tap: Tap) -> None:
        self._random, self._tap = random, tap
        self._who = f"caller {number}"
        self._end: End = Datagrams(task) if random.random() < 0.7 else Stream.to(task)
        here, there = f"127.0.0.1:{self._end.port}", f"127.0.0.1:{task}"
        self._dialog = Dialog(random, here, there, random.choice(users), self._end.kind)

    def run(self) -> None:
        """The whole flow."""
        try:
            if self._random.random() < 0.2:
                self._ask_outside()
            else:
                self._call()
        finally:
            self._end.close()

    def _say(self, draft: Draft) -> None:
        self._end.send(self._tap.spoil(draft, self._random, self._who))

    def _final(self, seconds: float) -> Received | None:
        """The next final response; what the task asks meanwhile is answered, or not."""
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            message = self._end.receive(left)
            if message is None:
                continue
            self._tap.received += 1
            if message.status >= 200:
                return message
            if message.status == 0 and self._random.random() < 0.8:
                self._say(self._reply(message))
        return None

    def _reply(self, request: Received) -> Draft:
        to = (("To", request.header("to")),)
        copied = request.copied("via", "from", "call-id", "cseq")
        return Draft("SIP/2.0 200 OK", (*copied, *to, ("Content-Length", "auto")))

    def _ask_outside(self) -> None:
        for _ in range(self._random.randrange(1, 5)):
            method = self._random.choice(OUTSIDE)
            self._say(self._dialog.request(method, *self._headers(method), body=self._body(method)))
        self._final(0.3)

    def _call(self) -> None:
        random = self._random
        body = sdp(random) if random.random() < 0.9 else ""
        invite = self._dialog.request("INVITE", ("Supported", "timer, 100rel"), body=body)
        self._say(invite)
        if random.random() < 0.15:
            self._say(self._dialog.request("CANCEL", same=True))
        if random.random() < 0.1:
            self._say(invite)
        final = self._final(random.choice([0.3, 2, 4]))
        if final is None:
            self._say(self._dialog.request("CANCEL", same=True))
            final = self._final(1)
        if final is not None:
            self._dialog.enter(final)
            if random.random() < 0.9:
                self._say(self._dialog.request("ACK", same=True, body="" if body else sdp(random)))
            if 200 <= final.status < 300:
                self._talk()

    def _talk(self) -> None:
        random = self._random
        for _ in range(random.randrange(6)):
            method = random.choice(INSIDE[:-6] if random.random() < 0.8 else INSIDE)
            self._say(self._dialog.request(method, *self._headers(method), body=self._body(method)))
            if method == "INVITE" and (answer := self._final(0.5)) is not None and random.random() < 0.9:
                self._dialog.enter(answer)
                self._say(self._dialog.request("ACK", same=True))
            self._final(random.choice([0.01, 0.1, 0.5]))
        if random.random() < 0.8:
            self._say(self._dialog.request("BYE"))
            self._final(0.2)

    def _headers(self, method: str) -> tuple[tuple[str, str], ...]:
        random = self._random
        return {
            "INFO": (RELAY,),
            "REFER": (("Refer-To", f"<sip:{token(random)}@127.0.0.1:{random.randrange(1024, 60000)}>"),),
            "SUBSCRIBE": (
                ("Event", random.choice(["presence", "refer", "dialog", "message-summary"])),
                ("Expires", "60"),
            ),
            "NOTIFY": (("Event", "refer"), ("Subscription-State", "active")),
            "PRACK": (("RAck", f"{random.randrange(9999)} {self._dialog.cseq} INVITE"),),
            "INVITE": (("Replaces", f"{self._dialog.call_id};to-tag=x;from-tag={self._dialog.tag}"),)
            if random.random() < 0.2
            else (),
            "MESSAGE": (("Content-Type", "text/plain"),),
        }.get(method, ())

    def _body(self, method: str) -> str:
        random = self._random
        if method == "INFO":
            return random.choice(BODIES)
        if method in ("INVITE", "UPDATE"):
            return sdp(random) if random.random() < 0.8 else ""
        return "hello" if method == "MESSAGE" else ""
