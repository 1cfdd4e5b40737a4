"""A task under load: SIPp as every caller and every callee, and the task's processor time, memory and live calls."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callapi.processes import free_port, sipp_ports

ROOT = Path(__file__).parents[1]
OWN_SCENARIOS = ROOT / "benchmarks" / "scenarios"
TEST_SCENARIOS = ROOT / "tests" / "signaling" / "scenarios"
TICKS = os.sysconf("SC_CLK_TCK")
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Load:
    """What SIPp counted; ``refused`` got a 503.  ``cpu`` is the task's, in seconds, user and system."""

    offered: int
    completed: int
    refused: int
    failed: int
    seconds: float
    cpu: float

    @property
    def cpu_per_call(self) -> float:
        """Milliseconds."""
        return self.cpu * 1000 / max(1, self.completed)


class Process:
    """A task, watched through /proc and its health port."""

    def __init__(self, pid: int, sip_port: int, health_port: int) -> None:
        self.pid, self.sip_port, self._health = pid, sip_port, health_port

    def cpu(self) -> float:
        """Seconds of processor time since its start."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self) -> float:
        """Resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.pid)

    def figures(self) -> dict[str, Any]:
        """Of its health port."""
        with urllib.request.urlopen(f"http://{HOST}:{self._health}/", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_idle(self, seconds: float) -> float:
        """Seconds until no session and no live engine object was left; TimeoutError after ``seconds``."""
        started = time.monotonic()
        while self.figures()["calls"] or self.figures()["sessions"]:
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"still alive: {self.figures()}")
            time.sleep(0.1)
        return time.monotonic() - started


@contextmanager
def task(folder: Path, document: str, **environment: str) -> Iterator[Process]:
    """A task that runs ``document`` for whoever calls."""
    ready = folder / "ready.json"
    own = {
        "SIP_HOST": HOST, "SIP_PORT": str(free_port()), "HEALTH_PORT": "0", "READY_FILE": str(ready), "TASK_ID": "load",
        "STEP_FUNCTION": "step", "FETCH_FUNCTION": "fetch", "ALLOWED_ADDRESSES": "127.0.0.0/8",
        "MAX_CALLS": "450", "DRAIN_SECONDS": "3", "DOCUMENT": document,
    } | environment  # fmt: skip
    with (folder / "task.err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.task_process"],
            cwd=ROOT,
            env=os.environ | own,
            stdout=errors,
            stderr=errors,
        )
    try:
        _wait_for(ready, process)
        ports = json.loads(ready.read_text())
        yield Process(process.pid, ports["sip_port"], ports["health_port"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(ready: Path, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 20
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > limit:
            raise RuntimeError("the task did not come up")
        time.sleep(0.02)


@contextmanager
def callees(folder: Path, scenario: str = "callee", *arguments: str) -> Iterator[int]:
    """The port of a SIPp that answers every call at once."""
    port = free_port()
    process = _sipp(folder, scenario, port, arguments)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def offer(
    folder: Path,
    target: Process,
    rate: int,
    calls: int,
    hold: int = 0,
    scenario: str = "caller",
    media: int = 9,
) -> Load:
    """``calls`` calls at ``rate`` per second, held for ``hold`` ms after the answer; their RTP goes to ``media``."""
    statistics = folder / f"load-{time.monotonic_ns()}.csv"
    cpu, started = target.cpu(), time.monotonic()
    limit = calls / rate + hold / 1000 + 60
    arguments = [
        f"{HOST}:{target.sip_port}", "-r", str(rate), "-m", str(calls), "-l", "4000", "-d", str(hold),
        "-recv_timeout", "40000", "-trace_stat", "-stf", str(statistics), "-fd", "600",
    ]  # fmt: skip
    process = _sipp(folder, scenario, free_port(), arguments, media)
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    seconds = time.monotonic() - started
    with statistics.open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    refused = int(last["refused(C)"])
    answered = int(last["SuccessfulCall(C)"]) - refused
    return Load(calls, answered, refused, calls - answered - refused, seconds, target.cpu() - cpu)


def _sipp(
    folder: Path, scenario: str, port: int, arguments: Sequence[str], media: int = 9
) -> subprocess.Popen[bytes]:
    own = OWN_SCENARIOS / f"{scenario}.xml"
    file = own if own.exists() else TEST_SCENARIOS / own.name
    command = [
        "sipp", "-sf", str(file), "-i", HOST, "-p", str(port), "-mi", HOST,
        "-key", "rtp_port", str(media), "-t", "u1", "-nostdin", *sipp_ports(), *arguments,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
