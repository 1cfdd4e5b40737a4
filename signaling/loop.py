"""The one loop that touches the SIP engine: its events, the closures of other threads, timers.

A call into pj from another thread aborts or hangs, so whatever a thread found out comes here as a closure.
pj's callbacks only record (``soon``): hang-ups and frees happen after libHandleEvents returned.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Work = Callable[[], None]
Result = TypeVar("Result")
POLL_MILLISECONDS = 5
THREADS = 96  # customer's servers may take 15 s each; a thread that waits costs nothing else
_log = logging.getLogger(__name__)


class Timer:
    """Fires once on the loop unless cancelled."""

    __slots__ = ("work",)

    def __init__(self, work: Work) -> None:
        self.work: Work | None = work

    def cancel(self) -> None:
        """It does not fire any more.  Harmless after it fired."""
        self.work = None


class Loop:
    """Everything but ``submit`` is for the loop's own thread."""

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._soon: deque[Work] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="off-loop")
        self._asked: set[Future[Any]] = set()
        self.stopped = False

    @property
    def timers(self) -> int:
        """How many are still to fire; from any thread."""
        return len(self._timers)

    @property
    def threads(self) -> int:
        """How many works of ``off_loop`` are not done yet; from any thread."""
        return len(self._asked)

    def submit(self, work: Work) -> None:
        """From any thread: run ``work`` on the loop."""
        self._inbox.put(work)

    def soon(self, work: Work) -> None:
        """Run ``work`` after the callback that we are in."""
        self._soon.append(work)

    def after(self, seconds: float, work: Work) -> Timer:
        """Run ``work`` in ``seconds``."""
        timer = Timer(work)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def off_loop(
        self, work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """Run ``work`` on a thread, and then ``done`` or ``failed`` on the loop."""

        def finished(future: Future[Result]) -> None:
            self._asked.discard(future)
            error = future.exception()
            if isinstance(error, Exception):
                self.submit(lambda: failed(error))
            elif error is None:
                self.submit(lambda: done(future.result()))

        future = self._threads.submit(work)
        self._asked.add(future)
        future.add_done_callback(finished)

    def run(self, poll: Callable[[int], object]) -> None:
        """Until ``stopped``.  ``poll`` handles the SIP engine's events for at most so many milliseconds."""
        while not self.stopped:
            poll(0 if self._soon else POLL_MILLISECONDS)
            self._run_soon()
            self._run_inbox()
            self._run_timers()
        self._threads.shutdown(wait=False, cancel_futures=True)

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
            work = heapq.heappop(self._timers)[2].work
            if work is not None:
                _guarded(work)
                self._run_soon()


def _guarded(work: Work) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  one call's failure must not end the others
        _log.error("on the loop: %s", type(error).__name__, exc_info=error)
