"""The SIP messages of one session on their way to its log: bounded, and not held up by the steps.

A peer decides how many messages a call has.  What is over the bounds is counted and left out, but for the messages that
end a call: a log that does not show how a call ended explains nothing.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from chalicelib.calls.protocol import SipMessage
from chalicelib.sip.message import Message

MESSAGE_CHARACTERS = 8192
"""Of one message; the rest of it is cut off."""
SESSION_CHARACTERS = 262_144
ENDING_CHARACTERS = 65_536
"""Beside those of the session, for BYE, CANCEL and what answers them."""
BATCH_CHARACTERS = 65_536
"""Of the messages that go out together."""
FLUSH_CHARACTERS, FLUSH_SECONDS = 16_384, 5.0
"""When messages wait no more for a step that takes them along."""
_CUT = "\r\n[cut]\r\n"


class Traced(Protocol):
    """Whose log a SIP message goes to."""

    def trace(self, message: SipMessage) -> None:
        """A message of one of its dialogs."""


Dialogs = dict[str, tuple[Traced, str]]
"""Call-ID to the session, and to the CallSid of the call."""


class SessionTrace:
    """``add`` what crossed the wire, ``take`` what goes to the log."""

    def __init__(self) -> None:
        self._waiting: deque[SipMessage] = deque()
        self._since = 0.0
        self._size = 0
        self._room = SESSION_CHARACTERS
        self._ending_room = ENDING_CHARACTERS
        self._left_out = 0
        self.taken = 0
        """Messages that were taken so far."""
        self.under_way = False
        """Whether some are being sent that may have to be put back: until then none are taken."""

    def add(self, message: SipMessage) -> None:
        """Keep the message for the log, if there is room."""
        if len(message.text) > MESSAGE_CHARACTERS:
            message = _cut(message)
        size = len(message.text)
        if not self._take_room(message, size):
            self._left_out += 1
            return
        if self._left_out:
            message = _told(message, self._left_out)
            self._left_out = 0
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(message)
        self._size += size

    @property
    def due(self) -> bool:
        """Whether what waits should go out by itself: it is much, or it has waited long."""
        if not self._waiting or self.under_way:
            return False
        return self._size >= FLUSH_CHARACTERS or time.monotonic() - self._since >= FLUSH_SECONDS

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def take(self) -> tuple[int, tuple[SipMessage, ...]]:
        """The number of the first message, and the oldest that wait: as many as go out together."""
        if self.under_way:
            return 0, ()
        batch: list[SipMessage] = []
        first, size = self.taken, 0
        while self._waiting and (not batch or size + len(self._waiting[0].text) <= BATCH_CHARACTERS):
            batch.append(self._waiting.popleft())
            size += len(batch[-1].text)
        self.taken += len(batch)
        self._size -= size
        return first, tuple(batch)

    def put_back(self, first: int, batch: tuple[SipMessage, ...]) -> None:
        """What was taken last did not arrive."""
        self.taken = first
        self._waiting.extendleft(reversed(batch))
        self._size += sum(len(message.text) for message in batch)

    def _take_room(self, message: SipMessage, size: int) -> bool:
        if size <= self._room:
            self._room -= size
            return True
        if size <= self._ending_room and _ends_a_call(message.text):
            self._ending_room -= size
            return True
        return False


def _ends_a_call(text: str) -> bool:
    return Message(text).cseq[1] in ("BYE", "CANCEL")


def _cut(message: SipMessage) -> SipMessage:
    return _with_text(message, message.text[: MESSAGE_CHARACTERS - len(_CUT)] + _CUT)


def _told(message: SipMessage, left_out: int) -> SipMessage:
    """The first message after a gap says how many are missing before it."""
    return SipMessage(
        message.at, message.call, message.sent, message.peer, message.transport, message.text, left_out
    )


def _with_text(message: SipMessage, text: str) -> SipMessage:
    return SipMessage(
        message.at, message.call, message.sent, message.peer, message.transport, text, message.left_out
    )
