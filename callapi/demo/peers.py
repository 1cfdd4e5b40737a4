"""The SIP parties of the demonstration: SIPp with a scenario each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..processes import LOOPBACK, Child, sipp_ports

SCENARIOS = Path(__file__).parent / "scenarios"
SECONDS = 45


@dataclass(frozen=True)
class Party:
    """A scenario of ours and how it is played: ``transport`` u1 or t1, ``keys`` for its ``[name]`` places."""

    scenario: str
    port: int
    keys: Mapping[str, str]
    transport: str = "u1"

    def start(self, folder: Path, target: str = "") -> Child:
        """Let it call ``target`` (host:port), or wait for one call."""
        errors = folder / f"{self.scenario}.errors"
        command = ["sipp", *([target] if target else []), "-sf", str(SCENARIOS / f"{self.scenario}.xml")]
        command += sipp_ports()
        command += ["-i", LOOPBACK, "-p", str(self.port), "-t", self.transport, "-m", "1", "-nostdin"]
        command += ["-timeout", str(SECONDS), "-timeout_error", "-trace_err", "-error_file", str(errors)]
        for name, value in self.keys.items():
            command += ["-key", name, value]
        environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(folder)}
        return Child(f"sipp {self.scenario}", command, environment, folder / f"{self.scenario}.log")
