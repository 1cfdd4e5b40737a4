"""The one loop that touches the SIP engine: its events, the closures of other threads, timers.

A call into pj from another thread aborts or hangs, so other threads hand their results to the loop as closures.
pj's callbacks only record (``soon``): hang-ups and frees happen after libHandleEvents returned.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

Work = Callable[[], None]
Result = TypeVar("Result")
Value = TypeVar("Value")
_Job = tuple[Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]]
POLL_MILLISECONDS = 5
THREADS = 96  # a customer's server may take 15 s; a waiting thread costs nothing else
FEW_CANCELLED = 100
"""Cancelled timers that may lie in the heap until they are due."""
_log = logging.getLogger(__name__)


class Timer:
    """Fires once on the loop unless cancelled."""

    __slots__ = ("_cancelled", "work")

    def __init__(self, work: Work, cancelled: Work) -> None:
        self.work: Work | None = work
        self._cancelled = cancelled

    def cancel(self) -> None:
        """It does not fire any more.  Harmless after it fired."""
        if self.work is not None:
            self.work = None
            self._cancelled()


class Loop(Protocol):
    """What may be asked of the loop.  Everything but ``submit`` is for the loop's own thread."""

    def submit(self, work: Work) -> None:
        """From any thread: run ``work`` on the loop."""

    def soon(self, work: Work) -> None:
        """Run ``work`` once the current callback has returned."""

    def after(self, seconds: float, work: Work) -> Timer:
        """Run ``work`` in ``seconds``."""

    def off_loop(
        self, work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """Run ``work`` on a thread, and then ``done`` or ``failed`` on the loop."""


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


class MainLoop:
    """The loop itself: one of a process."""

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._soon: deque[Work] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._cancelled = 0
        self._order = itertools.count()
        self._threads = Threads(THREADS, self._inbox.put)
        self.stopped = False

    @property
    def timers(self) -> int:
        """How many are still to fire; from any thread."""
        return len(self._timers) - self._cancelled

    @property
    def threads(self) -> int:
        """How many jobs of ``off_loop`` are not done yet; from any thread."""
        return self._threads.busy

    def submit(self, work: Work) -> None:
        """See Loop."""
        self._inbox.put(work)

    def soon(self, work: Work) -> None:
        """See Loop."""
        self._soon.append(work)

    def after(self, seconds: float, work: Work) -> Timer:
        """See Loop."""
        timer = Timer(work, self._count_cancelled)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def off_loop(
        self, work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """See Loop."""
        self._threads.do(work, done, failed)

    def run(self, poll: Callable[[int], object]) -> None:
        """Until ``stopped``.  ``poll`` handles the SIP engine's events for at most so many milliseconds."""
        while not self.stopped:
            poll(0 if self._soon else POLL_MILLISECONDS)
            self._run_soon()
            self._run_inbox()
            self._run_timers()
        self._threads.close()

    def _run_soon(self) -> None:
        while self._soon:
            _guarded(self._soon.popleft())

    def _run_inbox(self) -> None:
        for _ in range(self._inbox.qsize()):
            _guarded(self._inbox.get_nowait())
            self._run_soon()

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            work, timer.work = timer.work, None
            if work is None:
                self._cancelled -= 1
            else:
                _guarded(work)
                self._run_soon()

    def _count_cancelled(self) -> None:
        """The limit of a call is hours away when the call ends: its timer must not lie here until then.

        Half of the heap goes at a time, so that a cancellation costs the same on average however many there are.
        """
        self._cancelled += 1
        if self._cancelled > FEW_CANCELLED and 2 * self._cancelled > len(self._timers):
            self._timers = [entry for entry in self._timers if entry[2].work is not None]
            heapq.heapify(self._timers)
            self._cancelled = 0


class GuardedLoop:
    """The loop as one session sees it: an exception in one of its closures goes to ``failed`` and reaches no other."""

    def __init__(self, loop: Loop, failed: Callable[[Exception], None]) -> None:
        self._loop = loop
        self._failed = failed

    def submit(self, work: Work) -> None:
        """See Loop."""
        self._loop.submit(partial(self._run, work))

    def soon(self, work: Work) -> None:
        """See Loop."""
        self._loop.soon(partial(self._run, work))

    def after(self, seconds: float, work: Work) -> Timer:
        """See Loop."""
        return self._loop.after(seconds, partial(self._run, work))

    def off_loop(
        self, work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """See Loop."""
        self._loop.off_loop(work, partial(self._told, done), partial(self._told, failed))

    def _run(self, work: Work) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  whatever it was, the session must end
            self._failed(error)

    def _told(self, hearer: Callable[[Value], None], value: Value) -> None:
        self._run(partial(hearer, value))


def _guarded(work: Work) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  one call's failure must not end the others
        _log.error("on the loop: %s", type(error).__name__, exc_info=error)
