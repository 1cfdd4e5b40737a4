"""All sessions of the task: who may come in, what is claimed, and how it empties when it drains."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable

from chalicelib.calls import events
from chalicelib.calls.protocol import Modification, SipMessage

from . import messages
from .admission import Admission
from .conversation import fresh
from .endpoint import SipAccount
from .legs import Leg
from .loop import Loop
from .services import Services
from .sessions import Session
from .sounds import sounds_alive
from .trace import Trace

_log = logging.getLogger(__name__)
DRAIN_TRACE_EVERY = 0.1  # s
LAST_POSTS = 10.0  # s, for the final events after every call was hung up


class Switchboard:
    """Everything but ``figures`` is for the loop."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._sessions: dict[str, Session] = {}
        self._services: Services | None = None
        self._trace = Trace()
        self._admission = Admission()
        self.draining = False

    def open(self, services: Services) -> None:
        """Take calls and registrations from now on."""
        self._services = services
        self._trace.start()
        self._admission.start()
        services.registrar.start()
        services.endpoint.start()
        self._loop.after(DRAIN_TRACE_EVERY, self._collect_trace)

    @property
    def services(self) -> Services:
        """What ``open`` was given."""
        assert self._services is not None
        return self._services

    def has_room(self) -> bool:
        """Whether another session may begin here."""
        return not self.draining and len(self._sessions) < self.services.settings.max_calls

    def figures(self) -> dict[str, int | bool]:
        """For the health endpoint, from any thread."""
        return {
            "sessions": len(self._sessions),
            "calls": Leg.live,
            "sounds": sounds_alive(),
            "refused": self._admission.refused,
            "draining": self.draining,
        }

    def incoming(self, account: SipAccount, call_id: int, message: str, source: str) -> None:
        """An INVITE; inside the engine's callback."""
        sid = f"CA{uuid.uuid4().hex}"
        session = self._open(sid, 0)
        leg = session.new_leg(sid)
        leg.accept(account, call_id)
        leg.sip_call_id = messages.header(message, "call-id", "i")
        session.call_ids[leg.sip_call_id] = sid
        self.services.dialogs[leg.sip_call_id] = (session, sid)
        event = _incoming(sid, leg.sip_call_id, message, source, self.services.settings.task_id)
        self._loop.soon(lambda: session.conversation.report(event))

    def claim(self, sid: str, claimed: Callable[[], None]) -> None:
        """A created call from the queue: its step 1 is ours, or it is fenced.  ``claimed``: take it off the queue."""
        if sid in self._sessions:
            return
        session = self._open(sid, 1)
        session.conversation.claimed = claimed
        task = self.services.settings.task_id
        session.conversation.report(events.Claimed(at=time.time(), entropy=fresh(), task=task))

    def modify(self, message: Modification) -> None:
        """The API changes a call.  A session that has gone needs nothing."""
        session = self._sessions.get(message.session)
        if session is not None:
            session.modify(message)

    def drain(self, seconds: float) -> None:
        """503 from now on; stop when every session is over, hang up what is left after ``seconds``."""
        if self.draining:
            return
        self.draining = True
        self._admit()
        self.services.registrar.refuse()
        self._loop.after(seconds, self._hang_up_all)
        self._stop_when_empty()

    def _hang_up_all(self) -> None:
        for session in list(self._sessions.values()):
            session.drop()
        self._loop.after(LAST_POSTS, self._stop)

    def _stop_when_empty(self) -> None:
        if self._sessions or Leg.live:
            self._loop.after(0.05, self._stop_when_empty)
        else:
            self._stop()

    def _stop(self) -> None:
        self._loop.stopped = True

    def _open(self, sid: str, number: int) -> Session:
        session = self._sessions[sid] = Session(self.services, sid, number, self._closed)
        self._admit()
        return session

    def _admit(self) -> None:
        if self.has_room():
            self._admission.take()
        else:
            self._admission.refuse()

    def _closed(self, session: Session) -> None:
        self._sessions.pop(session.sid, None)
        self._admit()
        for call_id in session.call_ids:
            self.services.dialogs.pop(call_id, None)

    def _collect_trace(self) -> None:
        for message in self._trace.drain():
            session, sid = self.services.dialogs.get(message.sip_call_id, (None, ""))
            if session is not None:
                session.trace(
                    SipMessage(message.at, sid, message.sent, message.peer, message.transport, message.text)
                )
        self._loop.after(DRAIN_TRACE_EVERY, self._collect_trace)


def _incoming(sid: str, sip_call_id: str, message: str, source: str, task: str) -> events.Incoming:
    sender = messages.header(message, "from", "f")
    return events.Incoming(
        at=time.time(),
        entropy=fresh(),
        call=sid,
        to=messages.request_uri(message),
        from_=messages.address_uri(sender),
        caller_name=messages.display_name(sender),
        forwarded_from=messages.address_uri(messages.header(message, "diversion")),
        sip_call_id=sip_call_id,
        sip_source_ip=source.rpartition(":")[0],
        sip_domain=messages.host_of(messages.request_uri(message)),
        headers=messages.x_headers(message),
        max_forwards=messages.max_forwards(message),
        task=task,
    )
