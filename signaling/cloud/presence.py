"""The task among the others: its heartbeat, its queues, and what it takes away when it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from botocore.config import Config

from ..engine.loop import MainLoop
from ..settings import Settings
from .heartbeat import Heartbeat
from .queues import Calls, claim_outbound, obey

# At the end of a drain ECS leaves little time, and a beat that comes late is none.
IMPATIENT = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
_log = logging.getLogger(__name__)


class TaskCalls(Calls, Protocol):
    """The calls of the task, how many they are, and how they are let end."""

    def figures(self) -> dict[str, int | bool]:
        """For the heartbeat; from any thread."""

    def drain(self, seconds: float) -> None:
        """Take no more, and hang up what is left after ``seconds``.  On the loop."""


class Presence:
    """``client`` makes AWS clients.  Without a calls table there is no heartbeat, without a queue nothing to claim."""

    def __init__(self, settings: Settings, client: Callable[..., Any]) -> None:
        self._settings = settings
        self._client = client
        self._made_queue = ""
        self._heartbeat: Heartbeat | None = None

    def begin(self, calls: TaskCalls, loop: MainLoop) -> None:
        """Make the task's queue unless it was given one, say that the task lives, and take messages."""
        settings = self._settings
        if settings.task_queue_prefix and not settings.task_queue_url:
            made = self._client("sqs").create_queue(QueueName=settings.task_queue_prefix + settings.task_id)
            self._made_queue = str(made["QueueUrl"])
            settings = msgspec.structs.replace(settings, task_queue_url=self._made_queue)
        if settings.calls_table:
            self._heartbeat = Heartbeat(
                self._client("dynamodb", config=IMPATIENT),
                settings,
                calls.figures,
                lambda: loop.submit(lambda: calls.drain(settings.drain_seconds)),
            )
            self._heartbeat.start()
        if settings.outbound_queue_url:
            claim_outbound(self._client("sqs"), settings.outbound_queue_url, calls, loop)
        if settings.task_queue_url:
            obey(self._client("sqs"), settings.task_queue_url, calls, loop)

    def end(self) -> None:
        """Forget the task.  The row goes last: while it is there, the reaper takes away what is left."""
        if self._heartbeat is None or not self._heartbeat.stop():
            return
        try:
            if self._made_queue:
                self._client("sqs", config=IMPATIENT).delete_queue(QueueUrl=self._made_queue)
            self._heartbeat.forget()
        except Exception as error:  # noqa: BLE001  the process ends one way or the other
            _log.warning("left to the reaper: %s", type(error).__name__)
