"""What the task holds at each moment of a soak, and whether it grows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from signaling.engine.loop import THREADS

HEALTH = ("sessions", "calls", "dialogs", "transactions", "timers", "threads")
PROCESS = ("rss", "process_threads")
NAMES = (*PROCESS, *HEALTH)
Medians = dict[str, float]
MEMORY = 2048
"""kB by which the memory of the second half may be above that of the first: the C library's heap varies by as much.

From half to half of a run of five minutes there are 560 short calls: a leak of 4 kB in each is told.
"""
OF_A_TRANSACTION = 32
"""kB that a transaction takes with its messages, its dialog and its call, for the 32 s that the engine keeps it."""
OF_A_THREAD = 256
"""kB of its stack and of the heap's part that it works in."""
MOST_THREADS = THREADS + 40.0
"""Of the process: a pool that makes a thread when it needs one more at once, and keeps it; and some of their own."""
A_CALL_MORE = 4
"""Timers and threads of a short call that is there at one sample and not at another."""
VARIES = 0.25
"""The part by which dialogs and transactions vary: they tell how many short calls the last 32 s had."""


@dataclass(frozen=True)
class Sample:
    """``rss`` in kB.  ``rows``, ``traces``: the most items of a long call's steps and of its SIP messages.

    ``largest``: the largest of these items, in bytes.  ``short``: the short calls so far.
    """

    at: float
    rss: int
    process_threads: int
    sessions: int
    calls: int
    dialogs: int
    transactions: int
    timers: int
    threads: int
    short: int
    rows: int
    traces: int
    largest: int


def process_figures(pid: int) -> tuple[int, int]:
    """Resident memory in kB, and threads (proc(5), status)."""
    status = Path(f"/proc/{pid}/status").read_text()
    rss, threads = (re.search(rf"^{name}:\s*(\d+)", status, re.MULTILINE) for name in ("VmRSS", "Threads"))
    assert rss is not None
    assert threads is not None
    return int(rss[1]), int(threads[1])


def held(health: dict[str, Any]) -> dict[str, int]:
    """The figures of HEALTH."""
    return {name: int(health[name]) for name in HEALTH}


def table(samples: Sequence[Sample]) -> str:
    """One line each."""
    names = [field.name.replace("process_threads", "os-threads") for field in fields(Sample)]
    rows = [[f"{value:.0f}" for value in astuple(sample)] for sample in samples]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in [names, *rows]
    )


def growth(samples: Sequence[Sample], warm_up: float, names: Sequence[str]) -> list[str]:
    """What of memory, threads and ``names`` rose from the first half of the time after ``warm_up`` to the second."""
    warm = [sample for sample in samples if sample.at >= warm_up]
    if len(warm) < 2:
        return [f"only {len(warm)} samples after {warm_up:.0f} s"]
    halves = warm[: len(warm) // 2], warm[len(warm) // 2 :]
    before, after = ({name: _median(name, half) for name in NAMES} for half in halves)
    return [
        f"{name} rose from {before[name]:.0f} to {after[name]:.0f}"
        for name, limit in _allowed(before, after).items()
        if name in (*names, *PROCESS) and after[name] > limit
    ]


def _allowed(before: Medians, after: Medians) -> Medians:
    """The most of each in the second half."""
    started = max(0.0, after["transactions"] - before["transactions"])
    varying = {name: before[name] * (1 + VARIES) + A_CALL_MORE for name in ("dialogs", "transactions")}
    steady = {name: before[name] + A_CALL_MORE for name in NAMES}
    threads = max(0.0, after["process_threads"] - before["process_threads"])
    memory = before["rss"] + MEMORY + OF_A_TRANSACTION * started + OF_A_THREAD * threads
    return steady | varying | {"rss": memory, "process_threads": MOST_THREADS}


def _median(name: str, samples: Sequence[Sample]) -> float:
    return float(median(getattr(sample, name) for sample in samples))
