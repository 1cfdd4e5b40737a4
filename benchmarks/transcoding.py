"""What it costs the task that the callee speaks Opus and the caller PCMU, beside calls where both speak PCMU."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .measure import Row
from .talking import Talk, talk

CALLS = 20
DIAL = (
    '<Response><Dial answerOnBridge="true" ringTone=""><Sip>sip:bob@127.0.0.1:{port}</Sip></Dial></Response>'
)


def main() -> list[Row]:
    """Both in one run, and the ratio."""
    plain, coded = _talk("callee_echoes"), _talk("callee_echoes_opus")
    return [
        Row(f"{CALLS} calls bridged, PCMU to PCMU", f"{plain.core:.0f} % of a core", "", plain.note),
        Row(f"{CALLS} calls bridged, PCMU to Opus and back", f"{coded.core:.0f} % of a core", "", coded.note),
        Row("calls of PCMU to Opus on a core", f"{CALLS * 100 / coded.core:.0f}", "",
            f"a call costs {coded.core / plain.core:.1f} × one of PCMU to PCMU"),
    ]  # fmt: skip


def _talk(callee: str) -> Talk:
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        return talk(Path(name), DIAL, CALLS, callee)
