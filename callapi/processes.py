"""Child processes of the local platform: started with their output in a file, ended with all they started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"


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


def free_port() -> int:
    """A port of the loopback address that neither UDP nor TCP uses at the moment."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((LOOPBACK, 0))
            port = int(tcp.getsockname()[1])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind((LOOPBACK, port))
                except OSError:
                    continue
            return port
