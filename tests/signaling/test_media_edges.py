"""Calls that end in the moment in which a sound does.  The long form is ``make media-edges``."""

from __future__ import annotations

from pathlib import Path

from tests.signaling import edges
from tests.signaling.edge_calls import kinds

SEED = 8


def test_task_survives_hang_ups_at_the_edges_of_sounds_and_keeps_nothing(tmp_path: Path) -> None:
    verdict = edges.run(tmp_path, calls=180, at_once=12, seed=SEED, tell=lambda line: None)
    assert verdict.faults == []
    assert len(verdict.done) == len(kinds())
