"""How busy the task is, for scaling: one JSON line on standard output, from which CloudWatch makes the metric.

The embedded metric format needs no request and no permission beyond the log's own:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json

ACTIVE_CALLS = "ActiveCalls"
DIMENSIONS = {"Service": "signaling"}


def publish(namespace: str, sessions: int, at: float) -> None:
    """``sessions`` are counted as MAX_CALLS counts them; ``at``: seconds since the epoch."""
    metric = {
        "Namespace": namespace,
        "Dimensions": [list(DIMENSIONS)],
        "Metrics": [{"Name": ACTIVE_CALLS, "Unit": "Count"}],
    }
    about = {"Timestamp": round(at * 1000), "CloudWatchMetrics": [metric]}
    print(json.dumps({"_aws": about, **DIMENSIONS, ACTIVE_CALLS: sessions}), flush=True)
