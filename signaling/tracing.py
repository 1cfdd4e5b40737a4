"""Brings every SIP message of the task to the session that it belongs to, also for a while after the session is over.

A call's last message is often the answer to our BYE, or a response that is sent again: the step that ended the session
has gone by then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from chalicelib.calls.protocol import SipMessage

from .loop import Loop
from .services import Dialogs
from .sessions import Session
from .trace import Trace

COLLECT_EVERY = 0.1
"""Seconds.  The engine keeps 4 MiB; at 400 calls a second it is given about 0.5."""
FLUSH_EVERY = 1.0
LINGER_SECONDS = 2.0
"""How long a session that is over still takes messages."""
LATEST_SECONDS = 30.0
"""And for how long its messages are tried to be sent."""


class Tracing:
    """``sessions`` tells those that are open.  For the loop only."""

    def __init__(self, loop: Loop, sessions: Callable[[], Iterable[Session]]) -> None:
        self._loop = loop
        self._sessions = sessions
        self._trace = Trace()
        self._dialogs: Dialogs = {}
        self._over: deque[tuple[float, Session]] = deque()
        self._flush_at = 0.0

    def start(self, dialogs: Dialogs) -> None:
        """Bring messages from now on to where ``dialogs`` says."""
        self._dialogs = dialogs
        self._trace.start()
        self._go_on()

    def collect(self) -> None:
        """Bring what came since the last time."""
        for message in self._trace.drain():
            session, sid = self._dialogs.get(message.sip_call_id, (None, ""))
            if session is not None:
                session.trace(
                    SipMessage(message.at, sid, message.sent, message.peer, message.transport, message.text)
                )

    def closed(self, session: Session) -> None:
        """The session is over."""
        self._over.append((time.monotonic(), session))

    def finish(self) -> None:
        """The task ends: send what there is."""
        self.collect()
        for _, session in self._over:
            session.conversation.flush()

    @property
    def sending(self) -> bool:
        """Messages of a session that is over are on their way."""
        return any(session.conversation.flushing for _, session in self._over)

    def _go_on(self) -> None:
        self.collect()
        now = time.monotonic()
        if now >= self._flush_at:
            self._flush_at = now + FLUSH_EVERY
            self._flush(now)
        self._loop.after(COLLECT_EVERY, self._go_on)

    def _flush(self, now: float) -> None:
        for session in self._sessions():
            if session.conversation.sip.due:
                session.conversation.flush()
        for since, session in self._over:
            if now - since >= LINGER_SECONDS:
                session.conversation.flush()
        while self._over and self._may_go(now, *self._over[0]):
            _, session = self._over.popleft()
            for call_id in session.call_ids:
                self._dialogs.pop(call_id, None)

    def _may_go(self, now: float, since: float, session: Session) -> bool:
        everything_sent = session.conversation.sip.empty and not session.conversation.flushing
        return now - since >= (LINGER_SECONDS + FLUSH_EVERY if everything_sent else LATEST_SECONDS)
