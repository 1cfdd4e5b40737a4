"""Brings every SIP message of the task to the session that it belongs to, also for a while after the session is over.

A call's last message is often the answer to our BYE, or a response that is sent again: the step that ended the session
has gone by then.  What no step took along goes to the log by itself, that of many sessions in one request.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from chalicelib.calls.protocol import SipMessage, TracePart, TraceRequest

from ..cloud.functions import NotAnsweredError
from ..engine.loop import Loop
from ..engine.trace import Trace
from .context import Context, Dialogs
from .session import TaskSession
from .session_trace import BATCH_CHARACTERS

COLLECT_EVERY = 0.1
"""Seconds.  The engine keeps 4 MiB; at 400 calls a second it is given about 0.5."""
FLUSH_EVERY = 1.0
LINGER_SECONDS = 2.0
"""How long a session that is over still takes messages."""
LATEST_SECONDS = 30.0
"""And for how long its messages are tried to be sent."""
REQUEST_CHARACTERS = 8 * BATCH_CHARACTERS
"""Of the messages of one request.  Lambda takes 6 MB, and a character is four bytes at most."""
REQUEST_SESSIONS = 100
"""Of one request: the function writes an item for each, one after the other."""
_log = logging.getLogger(__name__)


class Tracing:
    """``sessions`` tells those that are open.  For the loop only."""

    def __init__(self, loop: Loop, sessions: Callable[[], Iterable[TaskSession]]) -> None:
        self._loop = loop
        self._sessions = sessions
        self._trace = Trace()
        self._context: Context | None = None
        self._dialogs: Dialogs = {}
        self._over: deque[tuple[float, TaskSession]] = deque()
        self._flush_at = 0.0
        self._sending = 0
        self._finishing = False

    def start(self, context: Context) -> None:
        """Bring messages from now on to where ``services`` has them belong."""
        self._context = context
        self._dialogs = context.dialogs
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

    def closed(self, session: TaskSession) -> None:
        """The session is over."""
        self._over.append((time.monotonic(), session))

    def finish(self) -> None:
        """The task ends: send what there is."""
        self.collect()
        self._finishing = True
        self._send([session for _, session in self._over])

    @property
    def sending(self) -> bool:
        """Messages are on their way by themselves."""
        return self._sending > 0

    def _go_on(self) -> None:
        self.collect()
        now = time.monotonic()
        if now >= self._flush_at:
            self._flush_at = now + FLUSH_EVERY
            self._flush(now)
        self._loop.after(COLLECT_EVERY, self._go_on)

    def _flush(self, now: float) -> None:
        due = [session for session in self._sessions() if session.steps.sip.due]
        self._send([*due, *(session for since, session in self._over if now - since >= LINGER_SECONDS)])
        while self._over and self._may_go(now, *self._over[0]):
            _, session = self._over.popleft()
            for call_id in session.call_ids:
                self._dialogs.pop(call_id, None)

    def _may_go(self, now: float, since: float, session: TaskSession) -> bool:
        sip = session.steps.sip
        everything_sent = sip.empty and not sip.under_way
        return now - since >= (LINGER_SECONDS + FLUSH_EVERY if everything_sent else LATEST_SECONDS)

    def _send(self, sessions: Iterable[TaskSession]) -> None:
        """What waits of ``sessions``, in as few requests as there may be."""
        together: list[tuple[TaskSession, TracePart]] = []
        room = REQUEST_CHARACTERS
        for session in sessions:
            first, messages = session.steps.sip.take()
            if not messages:
                continue
            session.steps.sip.under_way = True
            together.append((session, TracePart(session.sid, first, messages)))
            room -= sum(len(message.text) for message in messages)
            if room < BATCH_CHARACTERS or len(together) == REQUEST_SESSIONS:
                self._post(together)
                together, room = [], REQUEST_CHARACTERS
        if together:
            self._post(together)

    def _post(self, together: list[tuple[TaskSession, TracePart]]) -> None:
        assert self._context is not None
        self._sending += 1
        request = TraceRequest(tuple(part for _, part in together))
        self._loop.off_loop(
            partial(self._context.controller.trace, request),
            lambda _: self._sent(together),
            partial(self._not_sent, together),
        )

    def _sent(self, together: list[tuple[TaskSession, TracePart]]) -> None:
        self._sending -= 1
        for session, _ in together:
            session.steps.sip.under_way = False
        if self._finishing:
            self._send([session for session, _ in together])

    def _not_sent(self, together: list[tuple[TaskSession, TracePart]], error: Exception) -> None:
        """They wait for the next request, if the function may take them then."""
        _log.warning("SIP messages of %d sessions: %s", len(together), type(error).__name__)
        self._sending -= 1
        for session, part in together:
            session.steps.sip.under_way = False
            if isinstance(error, NotAnsweredError):
                session.steps.sip.put_back(part.first, part.messages)
