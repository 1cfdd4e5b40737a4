"""A hundred calls recorded at once, each side in its own channel: what it costs, and whether a sample is missing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.signaling.wav import RATE, channels, longest_gap

from .measure import Row
from .talking import TONE, Talk, talk

CALLS, GOAL_CORE = 100, 60
DIAL = (
    '<Response><Dial answerOnBridge="true" ringTone="" record="{record}">'
    "<Sip>sip:bob@127.0.0.1:{{port}}</Sip></Dial></Response>"
)
WINDOW = 0.05  # s: as finely as a gap is looked for


def main() -> list[Row]:
    """Without and with recording, and what is on the files."""
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        plain = talk(Path(name), DIAL.format(record="false"), CALLS)
    with tempfile.TemporaryDirectory(prefix="callapi-load-") as name:
        kept = Path(name) / "kept"
        kept.mkdir()
        document = DIAL.format(record="record-from-answer-dual")
        talked = talk(Path(name), document, CALLS, RECORDINGS=str(kept), API_URL="http://api.example")
        sounds = list(_sounds(sorted(kept.rglob("*.wav"))))
    return [
        Row(f"{CALLS} calls bridged, PCMU both ways", f"{plain.core:.0f} % of a core", "", plain.note),
        Row(f"the same {CALLS} recorded, two channels each", f"{talked.core:.0f} % of a core", f"≤ {GOAL_CORE} %",
            talked.note),
        _row(talked, sounds),
    ]  # fmt: skip


def _sounds(files: list[Path]) -> Iterator[tuple[float, float]]:
    """Of each channel: its seconds, by its samples, and the longest hole in the tone."""
    for file in files:
        for channel in channels(file):
            yield len(channel) / RATE, longest_gap(channel, TONE)


def _row(talked: Talk, sounds: list[tuple[float, float]]) -> Row:
    if len(sounds) != 2 * CALLS:
        raise RuntimeError(f"{len(sounds)} channels were recorded, not {2 * CALLS}")
    lengths = [seconds for seconds, _ in sounds]
    holes = sum(gap > 0 for _, gap in sounds)
    return Row(
        f"{len(sounds)} channels: the longest hole in the tone; channels with one",
        f"{max(gap for _, gap in sounds):.2f} s; {holes}",
        "none",
        f"each call was held for {talked.held:.1f} s; samples for {min(lengths):.2f} to {max(lengths):.2f} s",
    )
