"""The signaling tasks: which are alive, the queue of each, and the sessions that a task has open."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from .table import Item, Table


@dataclass(frozen=True)
class Task:
    """A signaling task.  ``heartbeat``: when it last said that it lives, seconds since the epoch; 0: condemned."""

    id: str
    queue_url: str
    heartbeat: float


class Tasks:
    """The tasks' rows in the calls table (``pk = tasks``), and its index ``by_task`` of open sessions.

    A row is the task's own (signaling/cloud/heartbeat.py), until the reaper condemns the task: a task renews its row
    only while that says more than 0, so from then on it knows that it was declared dead.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def dead(self, before: float) -> list[Task]:
        """The tasks whose last heartbeat is older than ``before``, longest silent first."""
        rows = self._table.query("pk = :tasks", {":tasks": "tasks"})
        tasks = [Task(str(row["sk"]), str(row["queue_url"]), float(row["heartbeat"])) for row in rows]
        return sorted((task for task in tasks if task.heartbeat < before), key=lambda task: task.heartbeat)

    def queue_url(self, task: str) -> str | None:
        """The queue of ``task``; None when the task is gone."""
        row = self._table.get(pk="tasks", sk=task)
        return str(row["queue_url"]) if row else None

    def open_sessions(self, task: str, limit: int) -> list[str]:
        """At most ``limit`` sessions that ``task`` has open, by an index that may lag by a second or so."""
        rows = self._table.query("open_task = :task", {":task": task}, IndexName="by_task")
        return [str(row["pk"]) for row in islice(rows, limit)]

    def condemn(self, task: Task) -> bool:
        """Declare ``task`` dead unless it has sent a heartbeat meanwhile; returns whether it was declared dead."""
        row: Item = {"pk": "tasks", "sk": task.id, "queue_url": task.queue_url, "heartbeat": 0}
        return self._table.put_if(row, "heartbeat = :seen", {":seen": task.heartbeat}) is None

    def remove(self, task: Task) -> None:
        """Forget the condemned ``task``."""
        self._table.delete(pk="tasks", sk=task.id)
