"""What a function printed: log lines on standard error, metrics on standard output."""

from __future__ import annotations

import json
from typing import Any

import pytest


def log_lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of the log since the last look, each as JSON."""
    return [json.loads(line) for line in captured.readouterr().err.splitlines()]


def metrics(text: str) -> dict[str, tuple[str, list[float]]]:
    """Each metric in ``text``, lines of EMF, with its unit and its values."""
    found: dict[str, tuple[str, list[float]]] = {}
    for line in map(json.loads, text.splitlines()):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "the-stack"
        assert directive["Dimensions"] == [["service"]]
        assert line["service"] == "the-stack"
        for metric in directive["Metrics"]:
            _, values = found.setdefault(metric["Name"], (metric["Unit"], []))
            values += line[metric["Name"]]
    return found
