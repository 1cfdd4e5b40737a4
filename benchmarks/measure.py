"""How the benchmarks time: many repeats of a short loop, medians, two candidates in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the value with its unit, the goal, and what it is compared with."""

    name: str
    value: str
    goal: str = ""
    note: str = ""

    def markdown(self) -> str:
        """The line as a row of a Markdown table."""
        return f"| {self.name} | {self.value} | {self.goal} | {self.note} |"


HEADER = "| measured | value | goal | compared with |\n|---|---|---|---|"


def seconds_each(action: Callable[[], object], *, loops: int) -> float:
    """Mean seconds of one ``action`` over ``loops`` runs."""
    started = time.perf_counter()
    for _ in range(loops):
        action()
    return (time.perf_counter() - started) / loops


def median_of(values: list[float]) -> float:
    """The middle of ``values``."""
    return sorted(values)[len(values) // 2]


def in_turn(
    first: Callable[[], object], second: Callable[[], object], *, loops: int, rounds: int = 15
) -> tuple[float, float, float]:
    """Medians of both in seconds, and the median of the ratios first/second taken round by round."""
    pairs = [(seconds_each(first, loops=loops), seconds_each(second, loops=loops)) for _ in range(rounds)]
    return (
        median_of([a for a, _ in pairs]),
        median_of([b for _, b in pairs]),
        median_of([a / b for a, b in pairs]),
    )
