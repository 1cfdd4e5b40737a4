"""Starts the task and SIPp peers on loopback, and reads what the engine was told."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callapi.processes import free_port, rtp_ports, sipp_ports

SCENARIOS = Path(__file__).parent / "scenarios"
ROOT = Path(__file__).parents[2]
MAIN = "http://app.example/main"
WINDOW = 100


# Each task has a window of its own: what still comes to the ports of the one before is not taken for its media.
_windows = itertools.count()


def media_window() -> dict[str, str]:
    """The settings of a task that say where its RTP goes."""
    ports = rtp_ports()
    start = ports[next(_windows) * WINDOW % len(ports)]
    return {"RTP_PORT_START": str(start), "RTP_PORT_COUNT": str(WINDOW)}


def wait_until(true: Callable[[], Any], seconds: float = 30) -> Any:
    limit = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > limit:
            raise AssertionError("waited in vain")
        time.sleep(0.02)
    return found


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

    def wait_idle(self, seconds: float = 30) -> None:
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
            [sys.executable, "-m", "tests.signaling.stage", str(folder)], cwd=ROOT, env=os.environ | own,
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


class Sipp:
    def __init__(self, folder: Path, scenario: str, remote: int = 0, calls: int = 1, **keys: Any) -> None:
        self.port = free_port()
        self.media_port = int(keys.pop("media", 0)) or free_port()  # not that of -mp, which SIPp binds
        self.log = folder / f"{scenario}-{self.port}.log"
        transport, hold = keys.pop("transport", "u1"), str(keys.pop("hold", 1500))
        command = [
            "sipp", f"127.0.0.1:{remote}" if remote else "127.0.0.1", "-sf", str(SCENARIOS / f"{scenario}.xml"),
            "-i", "127.0.0.1", "-p", str(self.port), "-mi", "127.0.0.1", "-key", "rtp_port", str(self.media_port),
            "-m", str(calls), "-d", hold, "-t", transport, "-nostdin", "-timeout", "40s", "-timeout_error",
            *sipp_ports(),
            "-trace_msg", "-message_file", str(self.log), "-trace_err", "-error_file", f"{self.log}.err",
        ]  # fmt: skip
        if "rate" in keys:
            command += ["-r", str(keys.pop("rate"))]
        for name, value in keys.items():
            command += ["-key", name, str(value)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )
        if not remote:  # over TCP nobody repeats the INVITE that came too early
            wait_until(lambda: self._listens("tcp" if transport == "t1" else "udp"))

    def _listens(self, transport: str) -> bool:
        """Whether it has its port: /proc/net has a line ``0: 0100007F:1388 …`` for each socket."""
        assert self._process.poll() is None, Path(f"{self.log}.err").read_text()
        return f"0100007F:{self.port:04X} 00000000:0000" in Path(f"/proc/net/{transport}").read_text()

    def wait(self, seconds: float = 30) -> int:
        """0: every call went as the scenario says."""
        return self._process.wait(seconds)

    def messages(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def dial(*uris: str, attributes: str = "") -> str:
    nouns = "".join(uri if uri.startswith("<") else f"<Sip>{uri}</Sip>" for uri in uris)
    return f"<Response><Dial {attributes}>{nouns}</Dial></Response>"
