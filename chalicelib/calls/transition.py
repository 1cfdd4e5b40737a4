"""One step in the making: the session as it changes, and what the step asks for.

``step()`` is pure; inside it the verbs work on a ``Turn``, which collects the new calls, commands, callbacks and
problems, and is thrown away when the ``Step`` is made.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from ..rcml import Problem
from .commands import Callback, Command, Fetch, subject
from .session import Call, Session
from .types import BaseEvent, Contact, Value


class Step(Value, frozen=True):
    """What one event did: the session after it and the effects, in order.

    ``session`` is None only when an INVITE came for which no application is configured.  ``gone``: calls that ended
    and that the session does not hold any more.  ``wanted``: names of clients whose contacts the event did not bring:
    the step counts only once it was made again with them.
    """

    session: Session | None
    commands: tuple[Command, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    problems: tuple[Problem, ...] = ()
    gone: tuple[Call, ...] = ()
    wanted: tuple[str, ...] = ()


class Turn:
    """The working copy of a session during one step."""

    def __init__(self, session: Session, event: BaseEvent) -> None:
        self.at = event.at
        self.quota = event.quota
        self._contacts = event.contacts
        self._wanted: list[str] = []
        self._session = session
        self._entropy = event.entropy
        self._drawn = 0
        self._calls = dict(session.calls)
        self._documents = dict(session.documents)
        self._changes: dict[str, Any] = {}
        self._commands: list[Command] = []
        self._callbacks: list[Callback] = []
        self._problems: list[Problem] = []

    # -- the session
    @property
    def session(self) -> Session:
        """The session as the step found it."""
        return self._session

    @property
    def parent(self) -> Call:
        """The call that runs the application's document, as it is now."""
        return self._calls[self._session.sid]

    def dialler(self, leg: Call) -> Call | None:
        """The call whose Dial made ``leg``; None for one that no Dial made."""
        return self._calls[leg.parent_sid] if leg.parent_sid else None

    def known(self, sid: str) -> Call | None:
        """The call ``sid`` if it belongs to this session, ended or not."""
        return self._calls.get(sid)

    def find(self, sid: str) -> Call | None:
        """The call ``sid`` if it belongs to this session and has not ended."""
        call = self._calls.get(sid)
        return None if call is None or call.over else call

    def call(self, sid: str) -> Call:
        """The call ``sid``, ended or not."""
        return self._calls[sid]

    def calls(self) -> tuple[Call, ...]:
        """All calls of the session."""
        return tuple(self._calls.values())

    def update(self, sid: str, **changes: Any) -> Call:
        """Put the call ``sid`` with ``changes`` in place of what it was."""
        call = msgspec.structs.replace(self._calls[sid], **changes)
        self._calls[sid] = call
        return call

    def add(self, call: Call) -> None:
        """Put a new child call into the session."""
        self._calls[call.sid] = call

    def give_up(self, sid: str) -> None:
        """We end the call: ``completed`` if it was answered, else ``canceled``."""
        call = self.find(sid)
        if call is not None and not call.ending:
            self.update(sid, run=None, ending="completed" if call.answered else "canceled")

    def change_dial(self, sid: str, **changes: Any) -> None:
        """Change fields of the Dial that the call ``sid`` has under way."""
        dial = self._calls[sid].dial
        if dial is not None:
            self.update(sid, dial=msgspec.structs.replace(dial, **changes))

    def contacts_of(self, client: str) -> tuple[Contact, ...]:
        """Where the account's ``client`` is registered; noted as wanted while nobody has looked it up."""
        if client not in self._contacts:
            self._wanted.append(client)
        return self._contacts.get(client, ())

    def change_session(self, **changes: Any) -> None:
        """Change fields of the session itself."""
        self._changes.update(changes)

    # -- documents
    def keep_document(self, text: str) -> str:
        """Keep ``text`` for the runs of this session; returns its SHA-256 in hex."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self._documents[digest] = text
        return digest

    def document(self, digest: str) -> str:
        """The text of a document that a run of this session needs."""
        return self._documents[digest]

    # -- effects
    def new_id(self, prefix: str) -> str:
        """A fresh identifier: ``prefix`` + 32 hex digits, derived from the event's entropy."""
        self._drawn += 1
        seed = f"{self._session.sid}/{self.at!r}/{self._entropy}/{self._drawn}"
        return prefix + hashlib.sha256(seed.encode()).hexdigest()[:32]

    def command(self, command: Command) -> None:
        """Ask for ``command``, unless its call has ended (nothing is sent for a call that ended)."""
        if isinstance(command, Fetch) or not self._calls[subject(command)].over:
            self._commands.append(command)

    def callback(self, callback: Callback) -> None:
        """Have ``callback`` delivered."""
        self._callbacks.append(callback)

    def problem(self, code: int, message: str, line: int = 0) -> None:
        """Note an error of the catalogue for the log."""
        self._problems.append(Problem(code, message, line, 0, "error"))

    def problems(self, problems: tuple[Problem, ...]) -> None:
        """Note the problems of a document for the log."""
        self._problems.extend(problems)

    def finish(self) -> Step:
        """The step that this turn amounts to; documents and calls that nothing needs any more are dropped."""
        needed = {call.run.document for call in self._calls.values() if call.run}
        documents = {digest: text for digest, text in self._documents.items() if digest in needed}
        kept = self._needed_calls()
        session = msgspec.structs.replace(
            self._session,
            calls={sid: call for sid, call in self._calls.items() if sid in kept},
            documents=documents,
            **self._changes,
        )
        return Step(
            session,
            tuple(self._commands),
            tuple(self._callbacks),
            tuple(self._problems),
            tuple(call for sid, call in self._calls.items() if sid not in kept),
            tuple(dict.fromkeys(self._wanted)),
        )

    def _needed_calls(self) -> set[str]:
        """The parent, the calls that are not over or wait for an answer, and whatever call one of these refers to.

        A leg that has ended is referred to until its Dial has made its action request (``DialLegs``).
        """
        needed = {self._session.sid}
        for sid, call in self._calls.items():
            if not call.over or call.run is not None or call.unheard:
                needed.add(sid)
            if call.dial is not None:
                needed |= {sid, *call.dial.legs}
        for sid in tuple(needed):
            while (sid := self._calls[sid].parent_sid) and sid not in needed:
                needed.add(sid)
        return needed
