"""The metrics of an invocation: one JSON line on standard output, from which CloudWatch makes metrics (EMF)."""

from __future__ import annotations

from typing import Literal

from aws_lambda_powertools.metrics import EphemeralMetrics

from .settings import Settings

Name = Literal[
    "Steps",
    "StepFailures",
    "FetchLatency",
    "FetchFailures",
    "CallbackLatency",
    "CallbackFailures",
    "CallsStarted",
    "CallsEnded",
]
MILLISECONDS: frozenset[Name] = frozenset({"FetchLatency", "CallbackLatency"})
"""The metrics in milliseconds; all others are counts."""


class Metrics:
    """Namespace and dimension ``service`` are those of the settings; without a namespace nothing is published."""

    def __init__(self, settings: Settings) -> None:
        namespace = settings.powertools_metrics_namespace
        self._emf = (
            EphemeralMetrics(namespace=namespace, service=settings.powertools_service_name)
            if namespace
            else None
        )

    def add(self, name: Name, value: float) -> None:
        """Seconds are given in milliseconds.  A metric may be added several times before it is published."""
        if self._emf:
            self._emf.add_metric(name, "Milliseconds" if name in MILLISECONDS else "Count", value)

    def publish(self) -> None:
        """Write what was added since the last time, if anything was."""
        if self._emf and self._emf.metric_set:
            self._emf.flush_metrics()
