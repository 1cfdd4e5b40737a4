"""What a session of the task says to the step function, and what it is answered.

Events go out one request at a time, in order, with what piled up meanwhile; the answer's commands are carried out
in order.  A fenced session is somebody else's by now: its calls are dropped and nothing more is said.

A step that is not answered is asked again, unchanged.  One that can never be made ends the session: its calls are hung
up, and the engine is told so by an event of its own (``Abandoned``), without the events that it could not take.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import msgspec

from chalicelib.calls import events
from chalicelib.calls.commands import Command, Fetch
from chalicelib.calls.protocol import SipMessage, StepRequest, StepResponse
from chalicelib.catalogue import Code
from chalicelib.log_lines import about

from ..cloud.functions import NotAnsweredError
from .context import Context
from .session_trace import SessionTrace

PATIENCE = 0.02
"""Seconds.  A bridge is three events (leg answered, bridged, caller answered) within a few milliseconds."""
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between two tries of a step: the wait doubles."""
MOST_CRASHES = 3
"""Times in a row that a step may kill its function, or run into its time limit; then it is taken for one that always
does."""
_log = logging.getLogger(__name__)


def fresh() -> str:
    """Entropy for an event."""
    return os.urandom(16).hex()


def now() -> dict[str, Any]:
    """``at`` and ``entropy`` of an event that happens now."""
    return {"at": time.time(), "entropy": fresh()}


class CommandHandler(Protocol):
    """Whose calls the conversation is about."""

    def carry_out(self, command: Command) -> None:
        """Do what the engine asks."""

    def drop(self) -> None:
        """The calls are nobody's here any more: hang them up."""

    def close_if_done(self) -> None:
        """Something was answered: perhaps nothing is left to be said."""


class StepClient:
    """``number``: of the step that the first request makes.  For the loop only."""

    def __init__(self, context: Context, session: str, number: int, obedient: CommandHandler) -> None:
        self.claimed: Callable[[], None] | None = None
        self.sip = SessionTrace()
        self._context = context
        self._session = session
        self._number = number
        self._obedient = obedient
        self._pending: list[events.Event] = []
        self._posting = False
        self._tries = self._crashes = 0
        self._over = self._fenced = self._abandoned = self._repeated = False

    @property
    def done(self) -> bool:
        """Nothing is under way and nothing is to be said."""
        return not self._posting and (self._fenced or (self._over and not self._pending))

    def report(self, event: events.Event) -> None:
        """Tell the engine, in order."""
        self.add(event)
        self.post()

    def mention(self, event: events.Event) -> None:
        """Tell the engine what asks for no command: with the events that follow at once, in one step."""
        self.add(event)
        self._context.loop.after(PATIENCE, self.post)

    def add(self, event: events.Event) -> None:
        """Tell the engine with the next ``post``.  Of an abandoned session it hears only what its application says."""
        if not self._abandoned or isinstance(event, events.Fetched):
            self._pending.append(event)

    def abandon(self, error: int) -> None:
        """The session cannot go on: hang up its calls, and have the engine fail them with ``error``."""
        if self._abandoned or self._fenced:
            return
        _log.error("session %s is abandoned: %d", self._session, error, extra=about(self._session))
        self._abandoned = True
        self._pending = [events.Abandoned(**now(), call=self._session, error=error)]
        self._obedient.drop()
        self.post()

    def trace(self, message: SipMessage) -> None:
        """For the log, with a request to come."""
        self.sip.add(message)

    def post(self) -> None:
        """Send what is pending, unless an answer is awaited."""
        if self._posting or not self._pending or self._fenced:
            return
        ends = any(isinstance(event, events.Ended) for event in self._pending)
        if ends:
            self._context.collect_trace()
        pending, self._pending = tuple(self._pending), []
        first, messages = self.sip.take() if ends or self.sip.due else (0, ())
        self._posting = True
        self._tries = self._crashes = 0
        self._send(self._request(pending, first, messages))

    def fetch(self, command: Fetch) -> None:
        """Have the fetch function ask the application, and tell the engine what it said."""
        self._context.loop.off_loop(
            partial(self._context.controller.fetch, command),
            lambda fetched: self.report(_stamped(fetched)),
            lambda _: self.report(
                events.Fetched(**now(), call=command.call, id=command.id, error=Code.HTTP_RETRIEVAL_FAILURE)
            ),
        )

    def _request(
        self, events_: tuple[events.Event, ...], first: int, messages: tuple[SipMessage, ...]
    ) -> StepRequest:
        task = self._context.settings.task_id
        return StepRequest(self._session, self._number, events_, task=task, trace=messages, traced=first)

    def _send(self, request: StepRequest) -> None:
        post = partial(self._context.controller.post, request)
        self._context.loop.off_loop(
            post, partial(self._answered, request), partial(self._not_answered, request)
        )

    def _answered(self, request: StepRequest, response: StepResponse) -> None:
        if response.failed:
            self._give_up(request, response.failed)
            return
        self._posting = False
        self._number += 1
        if self.claimed is not None:
            self.claimed()
            self.claimed = None
        if not response.fenced:
            self._over = response.over
            self._carry_out(response.commands)
        elif _abandons(request) and not self._repeated:
            # The step that could not be made may be in the log all the same: what failed was its effects.
            self._repeated = True
            self._pending = [*request.events, *self._pending]
        else:
            self._fenced = True
            self._obedient.drop()
        self.post()
        self._obedient.close_if_done()

    def _carry_out(self, commands: tuple[Command, ...]) -> None:
        """A command whose step was under way when the session was abandoned comes too late."""
        for command in commands:
            if not self._abandoned or isinstance(command, Fetch):
                self._obedient.carry_out(command)

    def _not_answered(self, request: StepRequest, error: Exception) -> None:
        """Ask again, the more slowly the longer there is no answer, unless it would be in vain."""
        kind, told = type(error).__name__, about(request.session)
        _log.warning("step %s/%d: %s", request.session, request.number, kind, extra=told)
        crashed = isinstance(error, NotAnsweredError) and error.crashed
        self._crashes = self._crashes + 1 if crashed else 0
        if not isinstance(error, NotAnsweredError) or self._crashes == MOST_CRASHES:
            self._give_up(request, Code.INTERNAL_FAILURE)
            return
        wait = min(FIRST_WAIT * 2**self._tries, LONGEST_WAIT)
        self._tries += 1
        # Spread, so that the sessions of a task do not come back all at once.
        self._context.loop.after(wait * random.uniform(0.5, 1.0), partial(self._send, request))

    def _give_up(self, request: StepRequest, error: int) -> None:
        """The step can never be made.  When that is said of the one that abandons the session, the reaper has it."""
        self._posting = False
        if _abandons(request):
            _log.error("session %s is left to the reaper", self._session, extra=about(self._session))
            self._fenced = True
        self.abandon(error)
        self.post()
        self._obedient.close_if_done()


def _abandons(request: StepRequest) -> bool:
    return any(isinstance(event, events.Abandoned) for event in request.events)


def _stamped(fetched: events.Fetched) -> events.Fetched:
    """The fetch function knows no entropy."""
    return msgspec.structs.replace(fetched, at=time.time(), entropy=fresh())
