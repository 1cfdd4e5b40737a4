"""What a fork of ten costs the signaling task beside one leg: the winner answers after a second, the others ring."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from .load import Process, callees, offer, task
from .measure import Row

LEGS = 10
RATE, CALLS = 10, 200
ALLOWED = 1.2
REST = 70.0
IDLE_SECONDS = 5


def main() -> list[Row]:
    """One leg, ten legs, and the ratio to ten times one."""
    one, ten = _cost(0), _cost(LEGS - 1)
    return [
        Row("a call with one leg that rings for 1 s", f"{one:.2f} ms CPU"),
        Row(
            f"a fork of {LEGS}: one answers, {LEGS - 1} are cancelled",
            f"{ten:.2f} ms CPU = {ten / one / LEGS:.2f} × {LEGS} legs",
            f"≤ {ALLOWED} ×",
        ),
    ]


def _cost(losers: int) -> float:
    """Milliseconds of processor time a call, less what the task takes without one; RuntimeError when one failed."""
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        folder = Path(name)
        with callees(folder, "callee_hesitates") as winner, callees(folder, "callee_rings") as loser:
            ports = [winner, *[loser] * losers]
            nouns = "".join(f"<Sip>sip:u{n}@127.0.0.1:{port}</Sip>" for n, port in enumerate(ports))
            document = f'<Response><Dial answerOnBridge="true" ringTone="">{nouns}</Dial></Response>'
            with task(folder, document) as running:
                idle = _idle(running)
                load = offer(folder, running, RATE, CALLS)
                running.wait_idle(REST)
    if load.failed or load.refused:
        raise RuntimeError(f"not every call went well: {load}")
    return (load.cpu - idle * load.seconds) * 1000 / load.completed


def _idle(running: Process) -> float:
    """Processor seconds a second of the task without calls: its loop and the bridge's clock."""
    cpu, started = running.cpu(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (running.cpu() - cpu) / (time.monotonic() - started)
