"""Ends what a dead task left behind: its calls fail, callbacks go out, action requests are made.

The reaper drives a session as a task would, under the next epoch, so that a task that was only thought dead
is fenced off at its next step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..calls.commands import Fetch
from ..calls.events import Event, Fetched, TaskLost
from ..calls.protocol import StepRequest, StepResponse
from ..storage.log import CallLog, Row
from ..storage.tasks import Task, Tasks
from .executor import Steps

SILENCE_SECONDS = 45
SESSIONS_PER_TASK = 200
# After its calls are over a document can do nothing but redirect; the engine stops that too.
STEPS_PER_SESSION = 20
ATTEMPTS = 5

_log = logging.getLogger(__name__)


class ReapingError(Exception):
    """A session could not be ended in this run."""


@dataclass
class Report:
    """What one run did: sessions ended, sessions left for the next run, tasks forgotten."""

    ended: int = 0
    left: int = 0
    forgotten: int = 0


class Reaper:
    """Ends the sessions of dead tasks.

    ``fetch`` asks ``functions/fetch``.  ``remove_queue`` deletes a queue by its URL.  ``clock`` gives seconds
    since the epoch, ``entropy`` fresh hex text.
    """

    def __init__(
        self,
        log: CallLog,
        steps: Steps,
        tasks: Tasks,
        fetch: Callable[[Fetch], Fetched],
        remove_queue: Callable[[str], None],
        clock: Callable[[], float],
        entropy: Callable[[], str],
    ) -> None:
        self._steps_log = log
        self._steps = steps
        self._tasks = tasks
        self._fetch = fetch
        self._remove_queue = remove_queue
        self._clock = clock
        self._entropy = entropy

    def run(self, seconds: float) -> Report:
        """End what dead tasks left, for at most about ``seconds``; the rest is the next run's."""
        deadline = self._clock() + seconds
        report = Report()
        for task in self._tasks.dead(self._clock() - SILENCE_SECONDS):
            if not self._tasks.condemn(task):
                continue
            sessions = self._tasks.open_sessions(task.id, SESSIONS_PER_TASK + 1)
            ended = [self._tried(task, sid, deadline) for sid in sessions[:SESSIONS_PER_TASK]]
            report.ended += sum(ended)
            report.left += len(sessions) - sum(ended)
            if sum(ended) == len(sessions):
                self._forget(task)
                report.forgotten += 1
        return report

    def _forget(self, task: Task) -> None:
        """The row goes last: the next run completes one that was cut off before."""
        if task.queue_url:
            self._remove_queue(task.queue_url)
        self._tasks.remove(task)

    def _tried(self, task: Task, session: str, deadline: float) -> bool:
        """End ``session`` if there is time; whether it is over.  One that fails does not stop the others."""
        if self._clock() > deadline:
            return False
        try:
            self._end(task, session)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one call, the others must end
            reason = error if isinstance(error, ReapingError) else type(error).__name__
            _log.warning("session %s of task %s is left for the next run: %s", session, task.id, reason)
            return False
        return True

    def _end(self, task: Task, session: str) -> None:
        row = self._taken_over(task, session)
        pending = self._unanswered(row)
        number, over = row.number, row.state.over
        while pending and not over:
            number += 1
            answer = self._step(task, session, number, row.state.epoch, self._fetch(pending.pop(0)))
            pending += [command for command in answer.commands if isinstance(command, Fetch)]
            over = answer.over
            if number - row.number > STEPS_PER_SESSION:
                raise ReapingError("it fetches without end")
        if not over:
            raise ReapingError("it waits for nothing and is not over")

    def _taken_over(self, task: Task, session: str) -> Row:
        """The last row of the session, ours by now.  A task only thought dead may win steps meanwhile."""
        for _ in range(ATTEMPTS):
            row = self._last(session)
            # The task may have died before the effects of its last step were sent.
            self._steps.send_effects(row)
            if row.state.over or not row.state.task:
                return row
            event = TaskLost(at=self._clock(), entropy=self._entropy(), task=task.id)
            answer = self._steps.handle(
                StepRequest(session, row.number + 1, (event,), row.state.epoch + 1, task.id)
            )
            if not answer.fenced:
                return self._last(session)
        raise ReapingError("its task goes on writing")

    def _last(self, session: str) -> Row:
        row = self._steps_log.read_last(session)
        if row is None:
            raise ReapingError("it has no log")
        return row

    def _unanswered(self, row: Row) -> list[Fetch]:
        """The requests that the session waits for, also those of a run that was cut off: each is made at least once."""
        waiting = {call.run.fetching for call in row.state.calls.values() if call.run} - {""}
        if row.state.over or not waiting:
            return []
        rows = self._steps_log.history(row.session)
        commands = [command for each in rows for command in each.commands]
        return [command for command in commands if isinstance(command, Fetch) and command.id in waiting]

    def _step(self, task: Task, session: str, number: int, epoch: int, event: Event) -> StepResponse:
        answer = self._steps.handle(StepRequest(session, number, (event,), epoch, task.id))
        if answer.fenced:
            raise ReapingError("another reaper has it")
        return answer
