"""What carrying out a step needs beside the log: the ports of ``Steps``.

A deployment has a table or a queue behind each (``storage``, ``registrar``); a simulator and the tests have memory.
"""

from __future__ import annotations

from typing import Protocol

from ..calls.commands import Callback
from ..calls.protocol import SipMessage
from ..calls.session import Application
from ..calls.types import Contact
from ..storage.log import Row


class KeptTraces(Protocol):
    """The SIP messages of each session."""

    def keep(self, session: str, messages: tuple[SipMessage, ...], first: int) -> None:
        """Store ``messages``, of which the first is number ``first`` of the session; repeated, to the same effect."""


class Applications(Protocol):
    """What calls run, under the policies of their accounts."""

    def restricted(self, application: Application) -> Application:
        """``application`` under the policy of its account."""

    def application_for(self, domain: str, to: str) -> Application | None:
        """What a call to ``to`` at SIP ``domain`` (empty: that of ``to``) runs; None when nobody is there."""


class CallList(Protocol):
    """What the REST API shows of calls."""

    def project(self, row: Row) -> None:
        """Show what the step ``row`` changed; a row of a newer step stays as it is."""

    def undelivered(self, callback: Callback, status: int, error: int) -> None:
        """Mark beside the call what its application was never told: the last HTTP ``status``, 0 for none, and why."""


class Callbacks(Protocol):
    """The way of callbacks to customers."""

    def deliver(self, callbacks: tuple[Callback, ...]) -> tuple[Callback, ...]:
        """Send ``callbacks`` in order, each once however often it is sent; returns those that can never be sent."""


class ContactBook(Protocol):
    """Where registered clients can be reached."""

    def of(self, account_sid: str, names: tuple[str, ...]) -> dict[str, tuple[Contact, ...]]:
        """The live contacts of each client, the most wanted first; none for one that has none."""
