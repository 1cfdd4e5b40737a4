"""SIPp as a caller or a callee of the task."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callapi.processes import free_port, sipp_ports
from tests.signaling.task import Task
from tests.waiting import PATIENCE, wait_until

SCENARIOS = Path(__file__).parent / "scenarios"
INFO = """INFO sip:alice@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKtell
From: <sip:prompter@127.0.0.1>;tag=1
To: <sip:alice@127.0.0.1>;tag=2
Call-ID: {call_id}
CSeq: 9 INFO
Content-Length: 0

"""


class Sipp:
    def __init__(self, folder: Path, scenario: str, remote: int = 0, calls: int = 1, **keys: Any) -> None:
        self.port = free_port()
        self.media_port = int(keys.pop("media", 0)) or free_port()  # not that of -mp, which SIPp binds
        self.log = folder / f"{scenario}-{self.port}.log"
        transport, hold = keys.pop("transport", "u1"), str(keys.pop("hold", 1500))
        command = [
            "sipp", f"127.0.0.1:{remote}" if remote else "127.0.0.1", "-sf", str(SCENARIOS / f"{scenario}.xml"),
            "-i", "127.0.0.1", "-p", str(self.port), "-mi", "127.0.0.1", "-key", "rtp_port", str(self.media_port),
            "-m", str(calls), "-d", hold, "-t", transport, "-nostdin", "-timeout", f"{PATIENCE:.0f}s", "-timeout_error",
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

    def wait(self, seconds: float = PATIENCE) -> int:
        """0: every call went as the scenario says."""
        return self._process.wait(seconds)

    def messages(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def tell(self) -> None:
        """Let the scenario go on from where it waits: at ``<recv request="INFO"/>``, for an INFO of its last dialog."""
        call_id = wait_until(lambda: re.findall(r"^Call-ID: *(\S+)", self.messages(), re.MULTILINE))[-1]
        info = INFO.format(call_id=call_id).replace("\n", "\r\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(info.encode(), ("127.0.0.1", self.port))

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


Start = Callable[..., Sipp]
"""The fixture ``sipp``: scenario, the task's port, keys of the scenario."""


def talks(sipp: Start, task: Task, enough: Callable[[], Any] | None = None, **keys: Any) -> bool:
    """Whether a call goes as its scenario says: the caller hangs up after it was bridged and ``enough`` is true."""
    domain = f"127.0.0.1:{task.sip_port}"
    caller = sipp("caller_leaves_when_told", task.sip_port, domain=domain, **keys)
    wait_until(lambda: task.events("bridged") and (enough is None or enough()))
    caller.tell()
    return caller.wait() == 0
