"""The real step executor over a log in memory, and in memory too what it needs beside the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from chalicelib.calls.commands import Callback
from chalicelib.calls.protocol import SipMessage
from chalicelib.calls.routing.policy import Policy
from chalicelib.calls.session import Application
from chalicelib.calls.types import Contact
from chalicelib.steps.executor import Steps
from chalicelib.storage.log import Row
from chalicelib.storage.memory import MemoryCallLog
from tests.signaling.documents import MAIN, SITE

ACCOUNT = "AC" + "1" * 32

Tell = Callable[[str, msgspec.Struct], None]
"""Told of each SIP message (``trace``) and of each callback (``callback``)."""


def untold(_kind: str, _value: msgspec.Struct) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Account:
    """One account for all: a call to ``sip:USER@`` runs SITE USER if that is one of ``urls``, else MAIN.

    ``clients``: where each registered client can be reached.
    """

    urls: Collection[str] = ()
    policy: Policy | None = None
    clients: Mapping[str, tuple[Contact, ...]] = field(default_factory=dict)

    def restricted(self, application: Application) -> Application:
        return msgspec.structs.replace(application, policy=self.policy)

    def application_for(self, _domain: str, to: str) -> Application:
        url = SITE + to.partition(":")[2].partition("@")[0]
        return Application(ACCOUNT, url=url if url in self.urls else MAIN, policy=self.policy)

    def of(self, _account_sid: str, names: tuple[str, ...]) -> dict[str, tuple[Contact, ...]]:
        return {name: self.clients.get(name, ()) for name in names}


class _Traces:
    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def keep(self, session: str, messages: tuple[SipMessage, ...], first: int) -> None:
        for message in messages:
            self._tell("trace", message)


class _Callbacks:
    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._sent: set[str] = set()

    def deliver(self, callbacks: tuple[Callback, ...]) -> tuple[Callback, ...]:
        for callback in callbacks:
            if callback.id not in self._sent:
                self._sent.add(callback.id)
                self._tell("callback", callback)
        return ()


class _NoList:
    """Nobody asks for the calls of the account."""

    def project(self, row: Row) -> None: ...

    def undelivered(self, callback: Callback, status: int, error: int) -> None: ...


def steps_in_memory(account: Account, tell: Tell = untold) -> Steps:
    return Steps(MemoryCallLog(), _Traces(tell), account, _NoList(), _Callbacks(tell), account)
