"""The short form of ``make fuzz-sip``: a few hundred spoilt messages, on the plain engine, always the same ones."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.run import Plan, Run

SEED, SECONDS = 8, 12


def test_task_outlives_spoilt_messages_and_keeps_nothing_of_them(tmp_path: Path) -> None:
    assert Run(Plan(SEED, SECONDS, {}), tmp_path, print).faults() == []
