"""Calls that end at the edges of sounds: ``python -m tests.signaling.edges --calls 5000 [--asan] [--seed N]``.

A prompt ends, a ring tone gives way to a bridge, a key cuts a question short, a document is replaced, a recording
stops, a call is held: each is a moment in which the engine's threads and ours touch the same sound.  Here callers hang
up around that moment, at random.  The task must live, have no session, call or sound left, and no error in its log.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callapi.processes import free_port, rtp_ports
from tests.waiting import wait_until

from .crowd import Crowd
from .edge_calls import APP, Stage, documents, kinds, one_call
from .sound_server import sounds_served
from .task import ROOT, Task, task_running

BAD = re.compile(r"AddressSanitizer|Traceback|ERROR signaling|terminate called|on the loop")
BUILD = ROOT / "signaling/engine/native/build-engine.sh"


async def all_calls(stage: Stage, task: Task, calls: int, at_once: int, tell: Callable[[str], None]) -> None:
    """Ends early when the task has died."""
    await stage.crowd.open()
    order = [kinds()[number % len(kinds())] for number in range(calls)]
    stage.random.shuffle(order)

    async def telephone() -> None:
        while order:
            await one_call(stage, *order.pop())

    async def watch() -> None:
        while task.process.poll() is None:
            await asyncio.sleep(1)
            tell(f"{calls - len(order)} of {calls} calls, {len(stage.lost)} lost")

    watching = asyncio.ensure_future(watch())
    calling = asyncio.gather(*(telephone() for _ in range(at_once)))
    works: tuple[asyncio.Future[Any], ...] = watching, calling
    await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    for work in works:
        work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await calling
    stage.left = await asyncio.to_thread(_left_in_the_end, task)
    stage.crowd.close()


def asan() -> dict[str, str]:
    """The environment of a task on the engine with AddressSanitizer."""
    command = [str(BUILD), sys.executable, "--asan", "--environment"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


@dataclass(frozen=True)
class Verdict:
    """``faults``: empty is good."""

    done: Counter[str]
    faults: list[str]


def _left_in_the_end(task: Task) -> dict[str, int]:
    """What the task still has when its calls have had time to end: empty is good, and so it is when it has died."""

    def left() -> dict[str, int]:
        health = task.health()
        return {name: health[name] for name in ("sessions", "calls", "sounds") if health[name]}

    with contextlib.suppress(AssertionError):
        wait_until(lambda: task.process.poll() is not None or not left(), 60)
    return {} if task.process.poll() is not None else left()


def _faults(task: Task, stage: Stage) -> list[str]:
    faults = [f"lost: {lost}" for lost in stage.lost]
    if task.process.poll() is not None:
        faults.append(f"the task ended with status {task.process.returncode}")
    if stage.left:
        faults.append(f"left after a minute: {stage.left}")
    log = (task.folder / "task.err").read_text(errors="replace")
    faults += [f"log: {line}" for line in log.splitlines() if BAD.search(line)][:20]
    return faults


def run(
    folder: Path, calls: int, at_once: int, seed: int, tell: Callable[[str], None], **environment: str
) -> Verdict:
    """``calls`` calls, ``at_once`` of them at a time, on a task of its own."""
    control = free_port()
    ports = rtp_ports()
    own = {
        "RTP_PORT_START": str(ports[0]), "RTP_PORT_COUNT": str(len(ports)), "CONTROL_PORT": str(control),
        "API_URL": "https://api.example/v1",
    }  # fmt: skip
    with sounds_served() as web:
        task_port = free_port()
        crowd = Crowd(task_port)
        dice = random.Random(seed)
        pages = documents(web, crowd.port, dice)
        stage = Stage(crowd, ("127.0.0.1", control), dice, pages)
        by_url = {f"{APP}/{name}": page for name, page in pages.items()}
        with task_running(folder, by_url, SIP_PORT=str(task_port), **own, **environment) as task:
            asyncio.run(all_calls(stage, task, calls, at_once, tell))
            return Verdict(stage.done, _faults(task, stage))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--asan", action="store_true", help="on the engine that make engine-asan builds")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="callapi-edges-") as folder:
        verdict = run(
            Path(folder), chosen.calls, chosen.at_once, chosen.seed,
            lambda line: print(f"\r{line}", end="", flush=True), **(asan() if chosen.asan else {}),
        )  # fmt: skip
        if verdict.faults:
            log = Path(folder, "task.err").read_text(errors="replace")
            print(f"\n{log[-6000:]}")
    print()
    for kind, count in sorted(verdict.done.items()):
        print(f"{count:6} {kind}")
    for fault in verdict.faults:
        print(fault)
    print(
        f"{'FAIL' if verdict.faults else 'PASS'}: {verdict.done.total()} calls in {time.monotonic() - started:.0f} s,"
        f" seed {chosen.seed}"
    )
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
