"""Starts the task, holds long calls and short ones, and says what grew, what was lost, and what stayed behind."""

from __future__ import annotations

import itertools
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from callapi.processes import rtp_ports
from chalicelib.calls.session import Application, StatusHook
from chalicelib.storage.table import Table
from tests.signaling.deployment import signaling
from tests.signaling.task import Task
from tests.signaling.wav import sound
from tests.waiting import wait_until

from .account import ACCOUNT, RealFunctions, account_running
from .churn import KINDS, Flow
from .log import log_faults
from .long_call import LongCall, long_call, timetable
from .samples import HEALTH, Sample, growth, held, process_figures
from .site import VOICE, Site, site_running

WARM_UP = 70.0
"""Seconds: the engine's transactions live 32 s, and memory is given back every 30 s (signaling/engine/memory.py)."""
QUIET_SECONDS = 60.0
"""Within which all must be given back after the last call."""
_ERROR = re.compile(
    r'Traceback \(most recent call last\)|^\{"level":"(ERROR|CRITICAL)"|^Fatal Python error', re.MULTILINE
)


@dataclass(frozen=True)
class Plan:
    """``hours`` of call time in ``seconds``, for ``calls`` long calls; ``churn`` short ones at a time beside them.

    ``after``: which figures may not rise, and are in the end what they were before the first call.
    """

    seed: int
    seconds: float
    calls: int
    churn: int = 4
    hours: float = 4
    warm_up: float = WARM_UP
    every: float = 5
    """Seconds from sample to sample."""
    after: tuple[str, ...] = HEALTH


@dataclass(frozen=True)
class Scene:
    """A task with the functions behind it and the application."""

    task: Task
    functions: RealFunctions
    site: Site
    table: Table


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """``task.err`` in ``folder`` is the task's log.

    No peer sends RTP.  The watch for that is on, with all its timers, and comes too late to end a call.
    """
    with site_running(sound(0.5, 0)) as site:
        hook = StatusHook(site.url("/hook"))
        application = Application(ACCOUNT, url=site.url(VOICE), status_hook=hook)
        with account_running(folder, application) as (deployed, functions):
            ports = {"RTP_PORT_START": str(rtp_ports()[0]), "RTP_PORT_COUNT": str(len(rtp_ports()))}
            with signaling(deployed, folder, MEDIA_TIMEOUT_SECONDS="7200", **ports) as task:
                yield Scene(task, functions, site, deployed.table)


class Run:
    """One of a plan.  ``tell`` gets the lines of its progress."""

    def __init__(self, plan: Plan, scene: Scene, tell: Callable[[str], object]) -> None:
        self._plan, self._scene, self._tell = plan, scene, tell
        self._begun = 0.0
        self._short = 0
        self._over = threading.Event()
        self._calls: list[LongCall] = []
        self._faults: list[str] = []
        self.samples: list[Sample] = []

    def faults(self) -> list[str]:
        """What was wrong; the samples are in ``samples``, the last one of when all was given back."""
        idle = self._health()
        self._begun = time.monotonic()
        with ExitStack() as stack, ThreadPoolExecutor(self._plan.calls + self._plan.churn) as pool:
            self._calls = [self._connected(stack, number) for number in range(self._plan.calls)]
            churning = [pool.submit(self._churn, number) for number in range(self._plan.churn)]
            living = [pool.submit(self._live, number) for number in range(self._plan.calls)]
            try:
                self._sample_while(living)
            finally:
                self._over.set()
            for done in (*living, *churning):
                done.result()
            self._end()
        faults = [
            *self._faults,
            *growth(self.samples, self._plan.warm_up, self._plan.after),
            *self._left_behind(idle),
            *self._scene.functions.failures,
            *self._scene.functions.weights.too_large,
            *task_faults(self._scene.task.folder),
        ]
        self.samples.append(self._sample())
        return faults

    def _connected(self, stack: ExitStack, number: int) -> LongCall:
        return stack.enter_context(long_call(self._scene.site, self._scene.task.sip_port, f"long{number}"))

    def _live(self, number: int) -> None:
        hours = self._plan.hours
        with self._noting(f"long call {number}"):
            self._calls[number].live(timetable(hours), self._plan.seconds / hours)

    def _end(self) -> None:
        for number, call in enumerate(self._calls):
            with self._noting(call.key):
                call.end(number % 2)
        for call in self._calls:
            self._faults += log_faults(self._scene.table, call)

    def _churn(self, worker: int) -> None:
        random = Random(f"{self._plan.seed} {worker}")
        for number in itertools.count(worker, self._plan.churn):
            if self._over.is_set():
                break
            kind = random.choice(list(KINDS))
            with self._noting(f"short call {number}, {kind}"):
                Flow(number, random, self._scene.site, self._scene.task.sip_port).run(kind)
            self._short += 1

    @contextmanager
    def _noting(self, what: str) -> Iterator[None]:
        """Whatever fails in it is a fault, and the rest goes on."""
        try:
            yield
        except Exception:  # noqa: BLE001  an assertion of a peer, or a socket's error
            self._faults.append(f"{what}: {traceback.format_exc()}")

    def _sample_while(self, living: list[Future[None]]) -> None:
        """Until all are over; raises OSError when the task died."""
        while not all(one.done() for one in living):
            self.samples.append(self._sample())
            self._tell(self._progress())
            self._over.wait(self._plan.every)

    def _sample(self) -> Sample:
        weights = self._scene.functions.weights
        steps = [weights.of(call.sid) for call in self._calls]
        traces = [weights.of(f"trace#{call.sid}") for call in self._calls]
        rss, threads = process_figures(self._scene.task.process.pid)
        return Sample(
            at=time.monotonic() - self._begun,
            rss=rss,
            process_threads=threads,
            **self._health(),
            short=self._short,
            rows=max(map(len, steps)),
            traces=max(map(len, traces)),
            largest=max(size for sizes in (*steps, *traces) for size in sizes),
        )

    def _health(self) -> dict[str, int]:
        return held(self._scene.task.health())

    def _progress(self) -> str:
        last = self.samples[-1]
        return (
            f"{last.at:5.0f} s, {last.short} short calls; memory {last.rss // 1024} MB, timers {last.timers}, "
            f"threads {last.process_threads}, sessions {last.sessions}; {len(self._faults)} faults"
        )

    def _left_behind(self, idle: dict[str, int]) -> list[str]:
        """What is above the level before the first call."""

        def more() -> dict[str, int]:
            now = self._health()
            return {name: now[name] for name in self._plan.after if now[name] > idle[name]}

        try:
            wait_until(lambda: not more(), QUIET_SECONDS)
        except AssertionError:
            return [f"not given back after {QUIET_SECONDS:.0f} s: {more()}"]
        return []


def task_faults(folder: Path) -> list[str]:
    """The first error in the task's log."""
    log = (folder / "task.err").read_text(encoding="utf-8", errors="replace")
    return [log[found.start() :][:3000] for found in itertools.islice(_ERROR.finditer(log), 1)]
