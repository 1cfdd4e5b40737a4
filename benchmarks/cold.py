"""Cold starts: what each uploaded function costs a fresh process before it can do anything.

The packages carry byte code: Lambda's folders are read-only, so without it each cold start would compile them.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from callapi.platform import register
from chalicelib.calls.session import Application
from tests.infrastructure.built_functions import PYTHON, Deployment, deployment, worker

from .dialled_call import ACCOUNT, URL, Teller, incoming
from .measure import Row, median_of

ROUNDS = 9
# The clients that a function's usual event needs.
CLIENTS = {
    "Api": ("dynamodb", "sqs", "kms"),
    "Step": ("dynamodb", "sqs"),
    "Fetch": ("dynamodb",),
    "Callbacks": ("dynamodb",),
    "Reaper": ("dynamodb", "sqs", "functions"),
}
GOALS = {"Step": "≤ 200 ms, ≤ 250 ms"}
MEASURED = """
import sys, time
started = time.perf_counter()
import app
imported = time.perf_counter()
from chalicelib.storage import aws
for client in sys.argv[1:]:
    getattr(aws, client)()
print([imported - started, time.perf_counter() - imported])
"""


def main() -> list[Row]:
    """Import and clients of each function; the whole of the step function's."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        deployed = stack.enter_context(deployment(folder))
        register(deployed.cloud, deployed.stack, ACCOUNT, "token", Application(ACCOUNT, url=URL))
        costs = {name: _import_and_clients(deployed, name) for name in CLIENTS}
        first = _first_answer(deployed)
    rows = [
        Row(
            f"cold start of {name.lower()}: import, then {' and '.join(CLIENTS[name])}",
            _both(costs[name]),
            GOALS.get(name, ""),
        )
        for name in CLIENTS
    ]
    whole = Row(
        "step, from the start of its process to its first answer",
        f"{first * 1000:.0f} ms",
    )
    return [*rows, whole]


def _both(seconds: tuple[float, float]) -> str:
    return " + ".join(f"{each * 1000:.0f}" for each in seconds) + " ms"


def _import_and_clients(deployed: Deployment, name: str) -> tuple[float, float]:
    """Medians, in seconds."""
    environment = deployed.environment(name)
    command = [*PYTHON, "-c", MEASURED, *CLIENTS[name]]
    runs = [
        json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return median_of([run[0] for run in runs]), median_of([run[1] for run in runs])


def _first_answer(deployed: Deployment) -> float:
    """Median seconds of all of it: interpreter, runtime client, import, clients, and the first step of a call."""
    runs: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with worker(deployed, "Step") as function:
            teller = Teller(function.invoke)
            teller.tell(incoming(teller.call))
            runs.append(time.perf_counter() - started)
    return median_of(runs)
