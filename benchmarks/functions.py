"""The step function, warm, as it was uploaded and under Lambda's own runtime client: whole dialled calls, step by step.

Beside it a function that only returns its event, for what the runtime client and its counterpart here cost, and
the emulator's own share, taken where its requests pass by.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from callapi.platform import register
from chalicelib.calls.session import Application
from tests.infrastructure.built_functions import Deployment, deployment, running, worker

from .counting_proxy import Counting
from .dialled_call import ACCOUNT, URL, dialled_call
from .measure import Row

CALLS = 100
WARM = 10
ECHO = "def echo(event, context):\n    return event\n"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Invokes:
    """Seconds of each invoke, and of processor time in the function's process for all of them."""

    seconds: list[float]
    cpu: float

    def milliseconds(self, percent: int) -> float:
        """The percentile ``percent`` of the invokes."""
        return statistics.quantiles(self.seconds, n=100)[percent - 1] * 1000

    @property
    def mean(self) -> float:
        """Milliseconds."""
        return statistics.fmean(self.seconds) * 1000


@dataclass(frozen=True)
class Share:
    """What an invoke asks of the emulator, on the mean: requests, and milliseconds until their answers."""

    requests: float
    milliseconds: float


def main() -> list[Row]:
    """Latency and rate of one execution environment; what of it is ours."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        deployed = stack.enter_context(deployment(folder))
        register(deployed.cloud, deployed.stack, ACCOUNT, "token", Application(ACCOUNT, url=URL))
        steps, share = _steps(deployed)
        echo = _echo(deployed)
    mean, cpu = steps.mean, steps.cpu / len(steps.seconds) * 1000
    return [
        Row("step function, warm, p50 of an invoke", f"{steps.milliseconds(50):.2f} ms", "", _rate(steps)),
        Row("the same, p95", f"{steps.milliseconds(95):.2f} ms"),
        Row(
            "of its mean: the emulator", f"{share.milliseconds:.2f} ms", "", f"{share.requests:.1f} requests"
        ),
        Row("of its mean: all the rest", f"{mean - share.milliseconds:.2f} ms", "", f"mean {mean:.2f} ms"),
        Row("processor time of the function for a step", f"{cpu:.2f} ms"),
        Row("function that returns its event, p50", f"{echo.milliseconds(50):.2f} ms", "", _rate(echo)),
    ]


def _rate(invokes: Invokes) -> str:
    return f"{1000 / invokes.mean:,.0f} invokes/s, one after another"


def _steps(deployed: Deployment) -> tuple[Invokes, Share]:
    """A call straight at the emulator and one past the counter in turn, so that both have the same weather."""
    with (
        Counting(deployed.cloud.endpoint) as counter,
        worker(deployed, "Step") as direct,
        worker(deployed, "Step", AWS_ENDPOINT_URL=counter.endpoint) as counted,
    ):
        for _ in range(WARM):
            dialled_call(direct.invoke)
            dialled_call(counted.invoke)
        counter.seen.clear()
        cpu = _cpu(direct.process.pid)
        seconds: list[float] = []
        for _ in range(CALLS):
            seconds += dialled_call(direct.invoke)
            dialled_call(counted.invoke)
        cpu = _cpu(direct.process.pid) - cpu
        waited = sum(each.seconds for each in counter.seen) * 1000
    share = Share(len(counter.seen) / len(seconds), waited / len(seconds))
    return Invokes(seconds, cpu), share


def _echo(deployed: Deployment) -> Invokes:
    (deployed.folder / "runtime" / "echoing.py").write_text(ECHO)
    environment = deployed.environment("Step")
    seconds: list[float] = []
    with running("echoing.echo", environment, deployed.folder / "echo.log") as function:
        cpu = _cpu(function.process.pid)
        for number in range(CALLS * 10):
            started = time.perf_counter()
            function.invoke({"number": number})
            seconds.append(time.perf_counter() - started)
        return Invokes(seconds[WARM:], _cpu(function.process.pid) - cpu)


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
