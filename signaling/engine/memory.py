"""The process's memory: what ended calls leave behind is collected rarely, and given back to the system."""

from __future__ import annotations

import gc

from .library import trim_heap
from .loop import Loop

INTERVAL = 30.0  # s; an ended transaction keeps its messages for 32 s (RFC 3261 §17, timers D and J)


NEW_OBJECTS = 20_000
"""Before Python looks for cycles among them; by default 700, which four calls make."""


def collect_seldom() -> None:
    """Call it once everything is set up: that is never scanned again.  A call adds only two or three cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)


def give_back_memory(loop: Loop) -> None:
    """Every 30 s from now on.

    The C library keeps what was freed.  After a minute of twice the load that a task can carry it kept 600 MB of a
    task's 2 GB; trimming took it to what it was before.
    """

    def again() -> None:
        trim_heap()
        loop.after(INTERVAL, again)

    loop.after(INTERVAL, again)
