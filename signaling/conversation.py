"""What a session of the task says to the step function, and what it is answered.

Events go out one request at a time, in order, with what piled up meanwhile; the answer's commands are carried out
in order.  A fenced session is somebody else's by now: its calls are dropped and nothing more is said.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import msgspec

from chalicelib.calls import events
from chalicelib.calls.commands import Command, Fetch
from chalicelib.calls.protocol import SipMessage, StepRequest, StepResponse

from .controller import FETCH_FAILED
from .services import Services

PATIENCE = 0.02
"""Seconds.  A bridge is three events (leg answered, bridged, caller answered) within a few milliseconds."""


def fresh() -> str:
    """Entropy for an event."""
    return os.urandom(16).hex()


def now() -> dict[str, Any]:
    """``at`` and ``entropy`` of an event that happens now."""
    return {"at": time.time(), "entropy": fresh()}


class Obedient(Protocol):
    """Whose calls the conversation is about."""

    def carry_out(self, command: Command) -> None:
        """Do what the engine asks."""

    def drop(self) -> None:
        """The calls are nobody's here any more: hang them up."""

    def close_if_done(self) -> None:
        """Something was answered: perhaps nothing is left to be said."""


class Conversation:
    """``number``: of the step that the first request makes.  For the loop only."""

    def __init__(self, services: Services, session: str, number: int, obedient: Obedient) -> None:
        self.claimed: Callable[[], None] | None = None
        self._services = services
        self._session = session
        self._number = number
        self._obedient = obedient
        self._pending: list[events.Event] = []
        self._trace: list[SipMessage] = []
        self._posting = False
        self._over = self._fenced = False

    @property
    def done(self) -> bool:
        """Nothing is under way and nothing is to be said."""
        return not self._posting and (self._fenced or (self._over and not self._pending))

    def report(self, event: events.Event) -> None:
        """Tell the engine, in order."""
        self._pending.append(event)
        self.post()

    def mention(self, event: events.Event) -> None:
        """Tell the engine what asks for no command: with the events that follow at once, in one step."""
        self._pending.append(event)
        self._services.loop.after(PATIENCE, self.post)

    def add(self, event: events.Event) -> None:
        """Tell the engine with the next ``post``."""
        self._pending.append(event)

    def trace(self, message: SipMessage) -> None:
        """For the log, with the next request."""
        self._trace.append(message)

    def post(self) -> None:
        """Send what is pending, unless an answer is awaited."""
        if self._posting or not self._pending or self._fenced:
            return
        self._posting = True
        request = StepRequest(
            self._session,
            self._number,
            tuple(self._pending),
            task=self._services.settings.task_id,
            trace=tuple(self._trace),
        )
        self._pending.clear()
        self._trace.clear()
        post = partial(self._services.controller.post, request)
        self._services.loop.off_loop(post, self._answered, self._not_answered)

    def fetch(self, command: Fetch) -> None:
        """Have the fetch function ask the application, and tell the engine what it said."""
        self._services.loop.off_loop(
            partial(self._services.controller.fetch, command),
            lambda fetched: self.report(_stamped(fetched)),
            lambda _: self.report(
                events.Fetched(**now(), call=command.call, id=command.id, error=FETCH_FAILED)
            ),
        )

    def abandon(self, error: int) -> None:
        """Our own failure ``error``: the calls are dropped."""
        self._obedient.drop()

    def _answered(self, response: StepResponse) -> None:
        self._posting = False
        self._number += 1
        if self.claimed is not None:
            self.claimed()
            self.claimed = None
        if response.fenced:
            self._fenced = True
            self._obedient.drop()
        else:
            self._over = response.over
            for command in response.commands:
                self._obedient.carry_out(command)
        self.post()
        self._obedient.close_if_done()

    def _not_answered(self, error: Exception) -> None:
        """A controller answers or goes on trying; one that gives up leaves the session to the reaper."""
        self._posting = False
        self._fenced = True
        self._obedient.drop()
        raise error


def _stamped(fetched: events.Fetched) -> events.Fetched:
    """The fetch function knows no entropy."""
    return msgspec.structs.replace(fetched, at=time.time(), entropy=fresh())
