"""What listening for keys in the sound costs: callers without RFC 4733 who stream PCMU, in a Gather and in a Pause."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from .load import offer, task
from .measure import Row

LEGS, RAMP, SECONDS = 100, 25, 15.0
GATHER = '<Response><Say>Go</Say><Gather timeout="90"/></Response>'
PAUSE = '<Response><Say>Go</Say><Pause length="90"/></Response>'
SPEECH = 4.0
"""Seconds until every caller is in its last verb."""


def main() -> list[Row]:
    """One row: percent of a core for all of them, and for one ear."""
    alone, listening = _core(PAUSE), _core(GATHER)
    each = (listening - alone) / LEGS
    return [
        Row(
            f"{LEGS} legs listened to for tones",
            f"{listening:.1f} % of a core",
            "",
            f"{alone:.1f} % without; {each:.3f} % = {each * 10:.2f} ms CPU a second for each",
        )
    ]


def _core(document: str) -> float:
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        folder = Path(name)
        (folder / "tone.ulaw").write_bytes(bytes(range(128, 255)) * 500)
        with task(folder, document) as running:
            ramp = LEGS / RAMP + SPEECH
            hold = int(1000 * (ramp + SECONDS + 3))
            callers = threading.Thread(
                target=offer, args=(folder, running, RAMP, LEGS, hold, "caller_talks"), daemon=True
            )
            callers.start()
            time.sleep(ramp)
            cpu, started = running.cpu(), time.monotonic()
            time.sleep(SECONDS)
            core = 100 * (running.cpu() - cpu) / (time.monotonic() - started)
            if running.figures()["calls"] != LEGS:
                raise RuntimeError(f"not every call is up: {running.figures()}")
            callers.join()
    return core
