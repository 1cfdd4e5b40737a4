"""All sessions of the task: who may come in, what is claimed, and how it empties when it drains."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from functools import partial

from chalicelib.calls import events
from chalicelib.calls.protocol import ChangeRequest
from chalicelib.sip import wire
from chalicelib.sip.message import Message
from chalicelib.sip.name_addr import read_address
from chalicelib.sip.status import Status

from ..engine.admission import Admission
from ..engine.call import calls_alive
from ..engine.endpoint import SipAccount
from ..engine.loop import MainLoop
from ..engine.methods import METHODS, REGISTRATION, take_only
from ..engine.sounds import sounds_alive
from .context import Context
from .leg import Leg
from .session import TaskSession
from .step_client import fresh
from .tracing import Tracing

_log = logging.getLogger(__name__)
COUNT_EVERY = 0.1  # s
LAST_MESSAGES = 5.0  # s, for the SIP messages of the last calls on their way to the log
LAST_POSTS = 10.0  # s, for the final events after every call was hung up


class Switchboard:
    """Everything but ``figures`` is for the loop."""

    def __init__(self, loop: MainLoop) -> None:
        self._loop = loop
        self._sessions: dict[str, TaskSession] = {}
        self._context: Context | None = None
        self._tracing = Tracing(loop, self._sessions.values)
        self._admission = Admission()
        self._held: dict[str, int] = {}
        self.draining = False

    def open(self, context: Context) -> None:
        """Take calls and registrations from now on."""
        self._context = context
        self._admission.start()
        context.registrar.start()
        take_only(METHODS + (REGISTRATION if context.registrar.active else ()))
        context.endpoint.start()
        self._tracing.start(context)
        self._count()

    def collect_trace(self) -> None:
        """Bring the SIP messages so far to their sessions."""
        self._tracing.collect()

    @property
    def context(self) -> Context:
        """What ``open`` was given."""
        assert self._context is not None
        return self._context

    def has_room(self) -> bool:
        """Whether another session may begin here."""
        return not self.draining and len(self._sessions) < self.context.settings.max_calls

    def figures(self) -> dict[str, int | bool]:
        """For the health endpoint, from any thread.  What the engine holds is as old as the last look at the trace."""
        return {
            "sessions": len(self._sessions),
            "calls": calls_alive(),
            "accounts": self.context.endpoint.slots,
            "threads": self._loop.threads,
            "sounds": sounds_alive(),
            "timers": self._loop.timers,
            **self._held,
            "refused": self._admission.refused,
            "draining": self.draining,
        }

    def incoming(self, account: SipAccount, call_id: int, message: Message, source: str) -> None:
        """An INVITE; inside the engine's callback."""
        sid = f"CA{uuid.uuid4().hex}"
        if message.is_target_too_long:
            self._refuse(sid, account, call_id, Status.REQUEST_URI_TOO_LONG)
            return
        try:
            event = incoming_event(sid, message, source, self.context.settings.task_id)
        except Exception:  # noqa: BLE001  without an answer of ours the engine would keep the call for ever
            _log.exception("an INVITE that cannot be read")
            self._refuse(sid, account, call_id, Status.SERVER_INTERNAL_ERROR)
        else:
            self._open(sid, 0).come_in(account, call_id, event)

    def _refuse(self, sid: str, account: SipAccount, call_id: int, code: int) -> None:
        """Without a session.  The engine wants an object for the call all the same."""
        leg = Leg(self._loop, self.context.endpoint, sid)
        leg.accept(account, call_id)
        self._loop.soon(partial(leg.hang_up, code))

    def claim(self, sid: str, claimed: Callable[[], None]) -> None:
        """A created call from the queue: its step 1 is ours, or it is fenced.  ``claimed``: take it off the queue."""
        if sid in self._sessions:
            return
        session = self._open(sid, 1)
        session.steps.claimed = claimed
        task = self.context.settings.task_id
        session.steps.report(events.Claimed(at=time.time(), entropy=fresh(), task=task))

    def change(self, message: ChangeRequest) -> None:
        """The API changes a call.  A session that has gone needs nothing."""
        session = self._sessions.get(message.session)
        if session is not None:
            session.change(message)

    def drain(self, seconds: float) -> None:
        """503 from now on; stop when every session is over, hang up what is left after ``seconds``."""
        if self.draining:
            return
        self.draining = True
        self._admit()
        self.context.registrar.refuse()
        self._loop.after(seconds, self._hang_up_all)
        self._stop_when_empty()

    def _hang_up_all(self) -> None:
        for session in list(self._sessions.values()):
            session.drop()
        self._loop.after(LAST_POSTS, self._stop)

    def _stop_when_empty(self) -> None:
        if self._sessions or calls_alive():
            self._loop.after(0.05, self._stop_when_empty)
        else:
            self._stop()

    def _stop(self) -> None:
        self._tracing.finish()
        self._stop_when_sent(time.monotonic() + LAST_MESSAGES)

    def _stop_when_sent(self, latest: float) -> None:
        if self._tracing.sending and time.monotonic() < latest:
            self._loop.after(0.02, lambda: self._stop_when_sent(latest))
        else:
            self._loop.stopped = True

    def _open(self, sid: str, number: int) -> TaskSession:
        session = self._sessions[sid] = TaskSession(self.context, sid, number, self._closed)
        self._admit()
        return session

    def _admit(self) -> None:
        if self.has_room():
            self._admission.take()
        else:
            self._admission.refuse()

    def _closed(self, session: TaskSession) -> None:
        self._sessions.pop(session.sid, None)
        self._admit()
        self._tracing.closed(session)

    def _count(self) -> None:
        """What the engine holds is asked here: figures are taken from other threads."""
        self._held = self._admission.engine_figures()
        self._loop.after(COUNT_EVERY, self._count)


def incoming_event(sid: str, message: Message, source: str, task: str) -> events.Incoming:
    """Within the bounds of ``wire``.  A Request-URI that is over them has been refused before."""
    sender = read_address(message.header("from"))
    return events.Incoming(
        at=time.time(),
        entropy=fresh(),
        call=sid,
        to=message.request_uri,
        from_=sender.uri[: wire.URI],
        caller_name=sender.display_name[: wire.DISPLAY_NAME],
        forwarded_from=read_address(message.header("diversion")).uri[: wire.URI],
        sip_call_id=message.header("call-id")[: wire.CALL_ID],
        sip_source_ip=source.rpartition(":")[0],
        sip_domain=message.target.host,
        headers=message.x_headers,
        max_forwards=message.max_forwards,
        task=task,
    )
