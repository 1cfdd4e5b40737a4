"""Who decides: the step function and the fetch function, as the task sees them."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import StepRequest, StepResponse, decode, encode
from chalicelib.calls.registering import Registered, Registration

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_log = logging.getLogger(__name__)
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds
# A little longer than the functions' own limits (infra/template.yaml): who is cut off by those is told so.
CONNECT_SECONDS, STEP_SECONDS, FETCH_SECONDS, REGISTER_SECONDS = 5, 20, 40, 10
FETCH_TRIES = 2
FETCH_FAILED = 11200


class Controller(Protocol):
    """Both block, and are called from threads off the loop.  ``post`` returns only with an answer."""

    def post(self, request: StepRequest) -> StepResponse:
        """Do the step."""

    def fetch(self, command: Fetch) -> Fetched:
        """Ask the application."""


class LambdaController:
    """Synchronous Invoke.  A step is asked again, unchanged, until it is answered: it is idempotent.

    A fetch is not, so it is tried again only once, and then reported as failed (11200).
    """

    def __init__(
        self, steps: LambdaClient, fetches: LambdaClient, step_function: str, fetch_function: str
    ) -> None:
        self._steps, self._fetches = steps, fetches
        self._step, self._fetch = step_function, fetch_function
        self._closed = threading.Event()

    def close(self) -> None:
        """The task ends: a step that is not answered now never will be here, and its session is the reaper's."""
        self._closed.set()

    def post(self, request: StepRequest) -> StepResponse:
        """Blocks until answered.  Raises ClosedError when the task ends before."""
        payload = encode(request)
        wait = FIRST_WAIT
        while not self._closed.is_set():
            try:
                return decode(_invoke(self._steps, self._step, payload), StepResponse)
            except Exception as error:  # noqa: BLE001  whatever it was, only an answer ends this
                _log.warning("step %s/%d: %s", request.session, request.number, type(error).__name__)
            # Spread, so that the sessions of a task do not come back all at once.
            self._closed.wait(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, LONGEST_WAIT)
        raise ClosedError

    def fetch(self, command: Fetch) -> Fetched:
        """Never raises: a failure is an answer."""
        payload = encode(command)
        for _ in range(FETCH_TRIES):
            try:
                return decode(_invoke(self._fetches, self._fetch, payload), Fetched)
            except Exception as error:  # noqa: BLE001  reported to the engine by its code
                _log.warning("fetch %s: %s", command.id, type(error).__name__)
        return Fetched(at=time.time(), call=command.call, id=command.id, error=FETCH_FAILED)


def registering(client: LambdaClient, function: str) -> Callable[[Registration], Registered]:
    """Asks the register function, once: a telephone that gets no answer registers again by itself."""
    return lambda registration: decode(_invoke(client, function, encode(registration)), Registered)


def invoker(seconds: float, connections: int) -> LambdaClient:
    """A client that waits so long for an answer, and invokes once only: when to try again is decided here."""
    return boto3.client(
        "lambda",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=seconds,
            max_pool_connections=connections,
            retries={"total_max_attempts": 1},
        ),
    )


def _invoke(client: LambdaClient, function: str, payload: bytes) -> bytes:
    answer = client.invoke(FunctionName=function, Payload=payload)
    body = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise FunctionFailedError(function)
    return body


class FunctionFailedError(Exception):
    """The function raised."""


class ClosedError(Exception):
    """The task ended before a step was answered."""


Unseal = Callable[[str], str]
"""Opens a sealed password; blocks."""
