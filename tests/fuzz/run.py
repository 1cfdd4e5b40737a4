"""Starts the task, calls it, and says what was wrong: a death, a report, an exception, something left behind."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from callapi.processes import free_port
from tests.signaling.sound_server import sounds_served
from tests.signaling.task import Task, task_running

from .callees import Callee
from .callers import Caller
from .documents import USERS, documents
from .sockets import Tap

AT_ONCE = 40
QUIET_SECONDS = 60.0
"""Within which the task must have given back what it holds, after the last message."""
ENGINE_SECONDS = 75.0
"""And the engine: 32 s for an ACK that never comes (RFC 3261 §13.3.1.4), 32 s for the answer to its BYE."""
HELD = ("sessions", "calls", "accounts", "threads", "sounds")
ENGINE = ("engine_calls", "dialogs", "transactions")
_WRONG = re.compile(
    r"AddressSanitizer|Traceback \(most recent call last\)|^(ERROR|CRITICAL) |^Fatal Python error",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Plan:
    """``rate``: flows a second.  ``share`` of the messages that is spoilt.  ``environment``: of the task."""

    seed: int
    seconds: float
    environment: Mapping[str, str]
    rate: float = 8
    share: float = 0.35
    first: int = 0
    """The number of the first flow: with ``flows=1`` one of them alone."""
    flows: int = 1 << 30


class Run:
    """One of a plan, in ``folder``.  ``tell`` gets the lines of its progress."""

    def __init__(self, plan: Plan, folder: Path, tell: Callable[[str], object]) -> None:
        self._plan, self._folder, self._tell = plan, folder, tell
        self._tap = Tap(plan.share)
        self._started = time.monotonic()
        self._calls = 0

    def faults(self) -> list[str]:
        """What was wrong; evidence of it is in the folder: ``task.err`` and ``sent.log``."""
        port = free_port()
        kinds = ["udp", "udp", "udp", "tcp"]
        callees = [
            Callee(n, self._random(f"callee {n}"), port, self._tap, kind) for n, kind in enumerate(kinds)
        ]
        ports = [callee.port for callee in callees]
        try:
            with (
                sounds_served() as sounds,
                task_running(
                    self._folder, documents(ports[:3], ports[3], f"{sounds}/0.5.wav"), SIP_PORT=str(port),
                    MEDIA_TIMEOUT_SECONDS="15", RECORDINGS_BUCKET="bucket", MAX_CALLS="100",
                    PYTHONFAULTHANDLER="1", **self._plan.environment,
                ) as task,
            ):  # fmt: skip
                self._call(task)
                for callee in callees:
                    callee.tame = True
                faults = self._wrong(task) or self._left_behind(task)
        finally:
            for callee in callees:
                callee.stop()
        faults = faults or self._log_faults()
        if faults:
            (self._folder / "sent.log").write_bytes(self._tap.evidence())
        return faults

    def _random(self, name: str) -> Random:
        return Random(f"{self._plan.seed} {name}")

    def _call(self, task: Task) -> None:
        """Flows at the plan's rate until its time is over or something is wrong."""
        plan, told = self._plan, 0.0
        numbers = itertools.count(plan.first)
        until = time.monotonic() + plan.seconds
        room = threading.BoundedSemaphore(AT_ONCE)

        def done(_: Future[None]) -> None:
            room.release()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            while time.monotonic() < until and self._calls < plan.flows and not self._wrong(task):
                room.acquire()
                number = next(numbers)
                caller = Caller(number, self._random(f"flow {number}"), task.sip_port, USERS, self._tap)
                pool.submit(caller.run).add_done_callback(done)
                self._calls += 1
                if time.monotonic() - told > 5:
                    told = time.monotonic()
                    self._progress(task)
                time.sleep(1 / plan.rate)

    def _progress(self, task: Task) -> None:
        tap, seconds = self._tap, time.monotonic() - self._started
        self._tell(
            f"{seconds:5.0f} s, {self._calls} flows, {tap.sent} messages sent ({tap.spoilt} spoilt), "
            f"{tap.received} received; task: {self._held(task)}"
        )

    def _held(self, task: Task) -> dict[str, Any]:
        if task.process.poll() is not None:
            return {}
        figures = task.health()
        return {name: figures[name] for name in (*HELD, *ENGINE, "timers")}

    def _wrong(self, task: Task) -> list[str]:
        died = task.process.poll()
        return [f"the task died: {died}"] * (died is not None) + self._log_faults()

    def _log_faults(self) -> list[str]:
        log = (self._folder / "task.err").read_text(encoding="utf-8", errors="replace")
        return [log[found.start() :][:6000] for found in itertools.islice(_WRONG.finditer(log), 1)]

    def _left_behind(self, task: Task) -> list[str]:
        quiet = time.monotonic()
        for names, seconds in ((HELD, QUIET_SECONDS), (HELD + ENGINE, ENGINE_SECONDS)):
            while any((held := self._held(task)).get(name) for name in names):
                if time.monotonic() - quiet > seconds:
                    return [f"not given back after {seconds:.0f} s: {held}"]
                time.sleep(0.2)
        self._progress(task)
        return self._wrong(task)
