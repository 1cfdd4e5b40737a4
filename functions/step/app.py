"""The step function: one StepRequest in, one StepResponse out; or SIP messages for the log, as a TraceRequest."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import msgspec
from chalice import Chalice

from chalicelib.calls.protocol import StepRequest, StepResponse, TraceRequest, TraceResponse
from chalicelib.catalogue import Code
from chalicelib.environment import read_environment
from chalicelib.handlers.invocation import Function
from chalicelib.handlers.settings import StepSettings
from chalicelib.steps.executor import Steps
from chalicelib.steps.wiring import steps_over, stores_of
from chalicelib.storage.failures import is_permanent

app = Chalice(app_name="step", configure_logs=False)
_settings = read_environment(StepSettings, os.environ)
_function = Function(_settings)


@app.lambda_function(name="step")
def step(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Invoked synchronously by the owner of a session, or of several for their SIP messages.

    An error means that the same request may succeed later.  One that would fail again is answered with ``failed``.
    """
    if "traces" in event:
        return _trace(event, context)
    try:
        return _step(event, context)
    except Exception as error:
        if not is_permanent(error):
            raise
        failed = StepResponse(str(event.get("session")), 0, failed=Code.INTERNAL_FAILURE)
        answer: dict[str, Any] = msgspec.to_builtins(failed)
        return answer


@_function.invoked(TraceRequest)
def _trace(request: TraceRequest) -> TraceResponse:
    return _steps().trace(request)


@_function.invoked(StepRequest, "StepFailures")
def _step(request: StepRequest) -> StepResponse:
    _function.metrics.add("Steps", 1)
    response = _steps().handle(request)
    _tell(request, response)
    return response


@cache
def _steps() -> Steps:
    return steps_over(stores_of(_settings), _function.metrics)


def _tell(request: StepRequest, response: StepResponse) -> None:
    """One line per step: kinds only, for events and commands can carry what no log may show."""
    _function.log.info(
        "step",
        number=request.number,
        epoch=request.epoch,
        events=[_kind(event) for event in request.events],
        commands=[_kind(command) for command in response.commands],
        fenced=response.fenced,
        over=response.over,
    )


def _kind(value: msgspec.Struct) -> str:
    return str(value.__struct_config__.tag)
