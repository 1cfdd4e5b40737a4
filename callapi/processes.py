"""Child processes of the local platform: started with their output in a file, ended with all they started."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below those that the kernel lends to every connection (32768 and up): nobody gets one before its owner binds it.
PORTS = range(10000, 32000)
SHARE = 1000
RTP_SHARE = 800
_turns = itertools.count(os.getpid())


class StartError(Exception):
    """A part of the platform did not come up; the text says which, and what it printed last."""


class Child:
    """One process in a process group of its own, its output in ``log``."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, also that of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when ``ready``; StartError when the process ends before or ``seconds`` pass."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise StartError(
                    f"{self.name} ended with status {self._process.returncode}:\n{self.last_words()}"
                )
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} was not ready after {seconds:g} s:\n{self.last_words()}")
            time.sleep(0.05)

    def stop(self, seconds: float) -> None:
        """SIGTERM, then SIGKILL to the whole group after ``seconds``; nothing of it is left."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of what it printed."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])


def own_ports() -> range:
    """The ports that this process and what it starts may choose from: ``CALLAPI_PORTS``, or a share by its id."""
    first, _, last = os.environ.get("CALLAPI_PORTS", "").partition("-")
    if last:
        return range(int(first), int(last) + 1)
    start = PORTS.start + os.getpid() % (len(PORTS) // SHARE) * SHARE
    return range(start, start + SHARE)


def rtp_ports() -> range:
    """Those of them that ``free_port`` leaves to media."""
    return own_ports()[-RTP_SHARE:]


def free_port() -> int:
    """A port of the loopback address that neither UDP nor TCP uses, another one each time; StartError without any."""
    ports = own_ports()[:-RTP_SHARE]
    for turn in itertools.islice(_turns, len(ports)):
        if _is_free(port := ports[turn % len(ports)]):
            return port
    raise StartError(f"every port from {ports[0]} to {ports[-1]} is in use")


def sipp_ports() -> list[str]:
    """Options for SIPp's sockets beside SIP; from its defaults two that start at once take the same, and one ends."""
    while True:
        audio, _, video, control = (free_port() for _ in range(4))
        if video == audio + 2:
            return ["-mp", str(audio), "-cp", str(control)]


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
    return True
