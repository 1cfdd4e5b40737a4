"""Threads for what must not hold up the loop: requests over a network, files."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

Work = Callable[[], None]
Result = TypeVar("Result")
_Job = tuple[Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]]


class Threads:
    """At most ``most`` threads, each started when it is needed.  ``deliver`` takes what is to run on the loop.

    The standard library's executor makes a future with its own lock for each job, and takes that lock several times.
    Here the loop does all book-keeping: a job is one item in a queue, and its outcome one item in another.
    """

    def __init__(self, most: int, deliver: Callable[[Work], None]) -> None:
        self._most = most
        self._deliver = deliver
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._started = 0
        self.busy = 0
        """Jobs whose outcome is not delivered yet."""

    def do(
        self, work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """Have ``work`` run, and then ``done`` or ``failed`` delivered.  For the loop only."""
        self.busy += 1
        if self.busy > self._started < self._most:
            self._started += 1
            threading.Thread(target=self._serve, name=f"off-loop-{self._started}").start()
        self._jobs.put((work, done, failed))

    def close(self) -> None:
        """Drop the jobs that have not begun.  Each thread ends after its current job."""
        while not self._jobs.empty():
            self._jobs.get()
        for _ in range(self._started):
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done, failed = job
            try:
                result = work()
            except Exception as error:  # noqa: BLE001  ``failed`` gets it
                self._deliver(partial(self._finished, failed, error))
            else:
                self._deliver(partial(self._finished, done, result))

    def _finished(self, hearer: Callable[[Any], None], outcome: object) -> None:
        self.busy -= 1
        hearer(outcome)
