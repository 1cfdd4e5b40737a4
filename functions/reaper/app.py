"""The reaper: every minute it ends the calls of tasks that stopped."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import asdict
from functools import cache
from typing import Any

from chalice import Chalice

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import decode, encode
from chalicelib.environment import read_environment
from chalicelib.handlers.invocation import Function
from chalicelib.handlers.settings import ReaperSettings
from chalicelib.steps.reaper import Reaper, ReapingError
from chalicelib.steps.wiring import steps_over, stores_of
from chalicelib.storage import aws

# Below the minute between two runs and the function's own limit.
RUN_SECONDS = 40.0

app = Chalice(app_name="reaper", configure_logs=False)
_settings = read_environment(ReaperSettings, os.environ)
_function = Function(_settings)


@app.lambda_function(name="reap")
def reap(event: dict[str, Any], context: object) -> dict[str, int]:
    """Run by a schedule; answers how many sessions ended, how many are left, how many tasks are forgotten."""
    with _function.telling(""):
        report = asdict(_reaper().run(RUN_SECONDS))
        _function.log.info("reaped", **report)
    return report


@cache
def _reaper() -> Reaper:
    stores = stores_of(_settings)
    return Reaper(
        stores.log,
        steps_over(stores, _function.metrics),
        stores.tasks,
        _fetch,
        stores.outbound.remove,
        time.time,
        lambda: secrets.token_hex(16),
    )


def _fetch(command: Fetch) -> Fetched:
    answer = aws.functions().invoke(FunctionName=_settings.fetch_function, Payload=encode(command))
    if answer.get("FunctionError"):
        raise ReapingError(f"the fetch function failed: {answer['FunctionError']}")
    return decode(answer["Payload"].read(), Fetched)
