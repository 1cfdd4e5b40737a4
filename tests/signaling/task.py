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
from contextlib import contextmanager
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

    def wait_idle(self, seconds: float = PATIENCE) -> None:
        """No session and no engine object is left."""
        wait_until(lambda: self.health()["calls"] == 0 and self.health()["sessions"] == 0, seconds)


@contextmanager
def task_running(folder: Path, documents: dict[str, str], **environment: str) -> Iterator[Task]:
    (folder / "documents.json").write_text(json.dumps(documents))
    ready = folder / "ready.json"
    own = {
        "SIP_HOST": "127.0.0.1", "SIP_PORT": str(free_port()), "HEALTH_PORT": "0", "READY_FILE": str(ready),
        "TASK_ID": "t1", "STEP_FUNCTION": "step", "FETCH_FUNCTION": "fetch", "ALLOWED_ADDRESSES": "127.0.0.0/8",
        "DRAIN_SECONDS": "0",
    } | media_window() | environment  # fmt: skip
    with (folder / "task.err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.signaling.engine_process", str(folder)], cwd=ROOT, env=os.environ | own,
            stdout=errors, stderr=errors,
        )  # fmt: skip
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, (folder / "task.err").read_text()
        yield Task(folder, process, json.loads(ready.read_text()))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
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
