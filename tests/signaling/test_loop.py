"""The loop's timers, and what becomes of a closure that fails."""

from __future__ import annotations

import time
import tracemalloc
from functools import partial

from signaling.engine.loop import GuardedLoop, MainLoop

HOURS = 14400.0


def run_for(loop: MainLoop, seconds: float) -> None:
    def stop() -> None:
        loop.stopped = True

    loop.after(seconds, stop)
    loop.run(lambda milliseconds: time.sleep(milliseconds / 1000))


def test_timers_fire_in_order_and_cancelled_ones_do_not() -> None:
    loop, fired = MainLoop(), list[int]()
    timers = [loop.after(0.3 * (number % 3), partial(fired.append, number)) for number in range(1000)]
    for number, timer in enumerate(timers):
        if number % 4:
            timer.cancel()
    assert loop.timers == 250
    run_for(loop, 1)
    assert fired == sorted(range(0, 1000, 4), key=lambda number: number % 3)
    timers[0].cancel()  # it has fired
    assert loop.timers == 0


def test_limits_of_calls_that_are_over_take_no_memory() -> None:
    """As of 100,000 calls one after another, a hundred at a time: each has a limit of four hours."""
    loop = MainLoop()
    current = [loop.after(HOURS, _nothing) for _ in range(100)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(100_000):
        current[number % 100].cancel()
        current[number % 100] = loop.after(HOURS, _nothing)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert loop.timers == 100
    assert grown < 200_000


def test_cancelling_costs_the_same_however_many_timers_there_are() -> None:
    few, many = (min(_seconds_each(count) for _ in range(3)) for count in (1_000, 100_000))
    assert many < 10 * few


def _seconds_each(count: int) -> float:
    loop = MainLoop()
    timers = [loop.after(HOURS + number, _nothing) for number in range(count)]
    started = time.thread_time()
    for timer in timers:
        timer.cancel()
    assert loop.timers == 0
    return (time.thread_time() - started) / count


def test_cancelled_timer_lets_go_of_what_it_was_to_do() -> None:
    timer = MainLoop().after(HOURS, _nothing)
    timer.cancel()
    timer.cancel()
    assert timer.work is None


def test_failure_in_a_closure_of_a_session_is_told_to_that_session_alone() -> None:
    loop, ours, theirs = MainLoop(), list[str](), list[str]()
    one = GuardedLoop(loop, lambda error: ours.append(str(error)))
    other = GuardedLoop(loop, lambda error: theirs.append(str(error)))
    one.soon(lambda: _fail("soon"))
    one.after(0.001, lambda: _fail("after"))
    one.submit(lambda: _fail("submit"))
    one.off_loop(_nothing, lambda _: _fail("done"), lambda _: None)
    one.off_loop(lambda: _fail("work"), lambda _: None, lambda error: _fail(f"failed: {error}"))
    other.soon(_nothing)
    run_for(loop, 0.3)
    assert sorted(ours) == ["after", "done", "failed: work", "soon", "submit"]
    assert theirs == []


def _nothing() -> None:
    pass


def _fail(text: str) -> None:
    raise RuntimeError(text)
