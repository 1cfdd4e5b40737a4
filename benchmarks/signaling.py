"""The signaling task under load: dialled and bridged calls a second, processor time per call, media, and what remains.

SIPp is every caller and every callee, on the same two cores.  But for one row the pure engine answers at once in
the task's own process, so what is measured is SIP, media and the task (see ``task_process``).  Hold time is zero but
for the 250 calls.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callapi.platform import platform
from chalicelib.calls.session import Application

from .load import Load, Process, callees, offer, task
from .measure import Row
from .talking import talk

DIAL = (
    '<Response><Dial answerOnBridge="true" ringTone=""><Sip>sip:bob@127.0.0.1:{port}</Sip></Dial></Response>'
)
RATES = (100, 200, 400)
SECONDS = 10
GOAL_CPU, GOAL_RATE = 2.0, 400
SOAK_CALLS, SOAK_RATE, AFTER_RATE = 20_000, 200, 400
FIRST_RATE, STEP, STEP_SECONDS = 500, 100, 6
OVERLOAD_SECONDS = 60
REAL_RATE, REAL_SECONDS = 4, 20
TALKING, GOAL_CORE = 250, 70
REST = 70.0
"""Seconds until the last BYE that nobody answers is given up (64 × T1 after 64 × T1) and memory is given back."""


@contextmanager
def bridging() -> Iterator[tuple[Path, Process]]:
    """A task that dials one callee for every caller."""
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        folder = Path(name)
        with callees(folder) as port, task(folder, DIAL.format(port=port)) as running:
            yield folder, running


def main() -> list[Row]:
    """The rows of this subject; several minutes."""
    rows = [_at(rate) for rate in RATES]
    most = _most()
    rows.append(Row("the most that went without a failure or a 503", f"{most}/s", f"≥ {GOAL_RATE}/s"))
    return [*rows, _with_step_function(), *_media(), *_soak(2 * most)]


def _at(rate: int) -> Row:
    with bridging() as (folder, running):
        load = offer(folder, running, rate, rate * SECONDS)
        running.wait_idle(REST)
    note = f"{load.completed} of {load.offered} completed"
    goal = f"≤ {GOAL_CPU:.0f} ms" + (", no failure" if rate == GOAL_RATE else "")
    return Row(f"{rate} calls/s, dialled and bridged", f"{load.cpu_per_call:.2f} ms CPU a call", goal, note)


def _most() -> int:
    """Calls a second, by steps of 100; each on a fresh task."""
    rate = FIRST_RATE
    while True:
        with bridging() as (folder, running):
            load = offer(folder, running, rate, rate * STEP_SECONDS)
        if load.failed or load.refused:
            return rate - STEP
        rate += STEP


def _with_step_function() -> Row:
    """The same call on the local platform: every step an Invoke of the real function, every fetch too."""
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name, callees(Path(name)) as port:
        document = Application(account_sid="", rcml=DIAL.format(port=port))
        with platform(document) as local:
            running = Process(local.signaling.pid, int(local.running.ready.sip_uri.rpartition(":")[2]), 0)
            load = offer(Path(name), running, REAL_RATE, REAL_RATE * REAL_SECONDS)
    return Row(
        f"{REAL_RATE} calls/s with the real step function, AWS emulated",
        f"{load.cpu_per_call:.1f} ms CPU a call",
        "",
        f"the task's own process; {_told(load)}",
    )


def _media() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        talked = talk(Path(name), DIAL, TALKING)
    name = f"{TALKING} calls bridged, PCMU both ways"
    return [Row(name, f"{talked.core:.0f} % of a core", f"≤ {GOAL_CORE} %", talked.note)]


def _soak(overload: int) -> list[Row]:
    with bridging() as (folder, running):
        offer(folder, running, SOAK_RATE, SOAK_CALLS // 2)
        early = running.megabytes()
        soak = offer(folder, running, SOAK_RATE, SOAK_CALLS - SOAK_CALLS // 2)
        late = running.megabytes()
        rested = _rested(running)
        storm = offer(folder, running, overload, overload * OVERLOAD_SECONDS)
        again = _rested(running)
        after = offer(folder, running, AFTER_RATE, AFTER_RATE * SECONDS)
        return [
            Row(f"{SOAK_CALLS:,} calls at {SOAK_RATE}/s: memory after half of them, and at the end",
                f"{early:.0f} MB, {late:.0f} MB", "flat", _told(soak)),
            Row(f"{REST:.0f} s later", rested, "0 live"),
            Row(f"a minute of {overload} calls/s, twice the most", _told(storm), "the rest refused"),
            Row(f"{REST:.0f} s later", again, "0 live"),
            Row(f"then {AFTER_RATE} calls/s", _told(after), "no failure"),
        ]  # fmt: skip


def _rested(running: Process) -> str:
    time.sleep(REST)
    figures = running.figures()
    return f"{running.megabytes():.0f} MB, {figures['calls']} live objects, {figures['sessions']} sessions"


def _told(load: Load) -> str:
    refused = f"{load.refused:,} got a 503, " if load.refused else ""
    return f"{load.completed:,} completed, {refused}{load.failed} failed"
