"""Starts the task on loopback, and reads what the engine was told."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from callapi.processes import free_port, rtp_ports
from tests.signaling.documents import AFTER
from tests.signaling.peer import Caller, Make
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
WINDOW = 100


# Each task has a window of its own: what still comes to the ports of the one before is not taken for its media.
_windows = itertools.count()


def media_window() -> dict[str, str]:
    """The settings of a task that say where its RTP goes."""
    ports = rtp_ports()
    start = ports[next(_windows) * WINDOW % len(ports)]
    return {"RTP_PORT_START": str(start), "RTP_PORT_COUNT": str(WINDOW)}


class Task:
    def __init__(self, folder: Path, process: subprocess.Popen[bytes], ports: dict[str, int]) -> None:
        self.folder, self.process = folder, process
        self.sip_port, self.health_port = ports["sip_port"], ports["health_port"]

    def entries(self, kind: str, tag: str = "") -> list[dict[str, Any]]:
        log = self.folder / "log.jsonl"
        rows = [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []
        found = [row["value"] for row in rows if row["kind"] == kind]
        return [value for value in found if not tag or value.get("type") == tag]

    def events(self, tag: str) -> list[dict[str, Any]]:
        return self.entries("event", tag)

    def health(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/") as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                found = json.load(error)
        return found

    def output(self) -> str:
        """All that it printed and logged."""
        return "".join((self.folder / name).read_text() for name in ("task.out", "task.err"))

    def is_idle(self) -> bool:
        """No session and no engine object is left."""
        health = self.health()
        return bool(health["calls"] == health["sessions"] == 0)

    def wait_idle(self, seconds: float = PATIENCE) -> None:
        wait_until(self.is_idle, seconds)

    def drain(self) -> None:
        """As ECS stops a task: SIGTERM, and all the time that it wants."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def end(self) -> None:
        """Drain a task without calls.  One that has calls would wait for their last events: it is only killed."""
        with suppress(urllib.error.URLError):  # it ends already
            if self.process.poll() is None and self.is_idle():
                self.drain()


@contextmanager
def task_running(folder: Path, documents: dict[str, str], **environment: str) -> Iterator[Task]:
    """The task with the engine behind it in one process: see ``engine_process``."""
    (folder / "documents.json").write_text(json.dumps(documents))
    own = {"STEP_FUNCTION": "step", "FETCH_FUNCTION": "fetch"} | environment
    with process_running(folder, "tests.signaling.engine_process", str(folder), **own) as task:
        yield task


@contextmanager
def process_running(folder: Path, module: str, *arguments: str, **environment: str) -> Iterator[Task]:
    """What it writes is in ``folder / task.out`` (metrics) and ``folder / task.err``."""
    ready = folder / "ready.json"
    own = {
        "SIP_HOST": "127.0.0.1", "SIP_PORT": str(free_port()), "HEALTH_PORT": "0", "READY_FILE": str(ready),
        "TASK_ID": "t1", "ALLOWED_ADDRESSES": "127.0.0.0/8", "DRAIN_SECONDS": "0", "TMPDIR": str(folder),
    } | media_window() | environment  # fmt: skip
    with (folder / "task.out").open("wb") as output, (folder / "task.err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=os.environ | own,
            stdout=output,
            stderr=errors,
        )
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, (folder / "task.err").read_text()
        task = Task(folder, process, json.loads(ready.read_text()))
        yield task
        task.end()
    finally:
        process.kill()
        process.wait()


def action(task: Task) -> dict[str, Any]:
    """The parameters of the one request for the Dial's action, AFTER."""

    def found() -> list[dict[str, Any]]:
        return [command for command in task.entries("command", "fetch") if command["url"] == AFTER]

    wait_until(found)
    [command] = found()
    parameters: dict[str, Any] = command["parameters"]
    return parameters


def called(peers: Make, task: Task, media: int = 9) -> Caller:
    """A caller whose call the task has picked up."""
    caller: Caller = peers(Caller, task.sip_port, media)
    caller.call()
    caller.picked_up()
    return caller


def stranger(peers: Make, task: Task) -> Caller:
    """Somebody who has no call with the task."""
    found: Caller = peers(Caller, task.sip_port)
    return found
