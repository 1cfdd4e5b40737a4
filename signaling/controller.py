"""Who decides: the step function and the fetch function, as the task sees them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import StepRequest, StepResponse, decode, encode

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_log = logging.getLogger(__name__)
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds
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

    def __init__(self, client: LambdaClient, step_function: str, fetch_function: str) -> None:
        self._client = client
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
                answer = self._invoke(self._step, payload)
                return decode(answer, StepResponse)
            except Exception as error:  # noqa: BLE001  whatever it was, only an answer ends this
                _log.warning("step %s/%d: %s", request.session, request.number, type(error).__name__)
            self._closed.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        raise ClosedError

    def fetch(self, command: Fetch) -> Fetched:
        """Never raises: a failure is an answer."""
        payload = encode(command)
        for _ in range(FETCH_TRIES):
            try:
                return decode(self._invoke(self._fetch, payload), Fetched)
            except Exception as error:  # noqa: BLE001  reported to the engine by its code
                _log.warning("fetch %s: %s", command.id, type(error).__name__)
        return Fetched(at=time.time(), call=command.call, id=command.id, error=FETCH_FAILED)

    def _invoke(self, function: str, payload: bytes) -> bytes:
        answer = self._client.invoke(FunctionName=function, Payload=payload)
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
