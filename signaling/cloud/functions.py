"""Who decides: the step function and the fetch function, as the task sees them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import StepRequest, StepResponse, TraceRequest, TraceResponse, decode, encode
from chalicelib.calls.registration import Registered, Registration
from chalicelib.catalogue import Code
from chalicelib.log_lines import about

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_log = logging.getLogger(__name__)
CRASHES = frozenset({"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"})
IMPOSSIBLE = frozenset(
    {"RequestTooLargeException", "RequestEntityTooLargeException", "InvalidRequestContentException"}
)
# A little longer than the functions' own limits (infra/template.yaml): who is cut off by those is told so.
CONNECT_SECONDS, STEP_SECONDS, FETCH_SECONDS, REGISTER_SECONDS = 5, 20, 40, 10
FETCH_TRIES = 2
Answer = TypeVar("Answer", StepResponse, TraceResponse)


class Controller(Protocol):
    """All block, and are called from threads off the loop."""

    def post(self, request: StepRequest) -> StepResponse:
        """Do the step.  Raises NotAnsweredError: to be asked again, unchanged; ImpossibleError: never again."""

    def trace(self, request: TraceRequest) -> None:
        """Put SIP messages into the log.  Raises as ``post``."""

    def fetch(self, command: Fetch) -> Fetched:
        """Ask the application."""


class NotAnsweredError(Exception):
    """There is no answer.  ``crashed``: the function began and did not live to its end, as it may each time."""

    def __init__(self, reason: str, *, crashed: bool = False) -> None:
        super().__init__(reason)
        self.crashed = crashed


class ImpossibleError(Exception):
    """Lambda does not take such a request, now or ever."""


class LambdaController:
    """Synchronous Invoke.  Whether a step is asked again its session decides: a try holds a thread, a wait holds none.

    A fetch is not idempotent, so it is tried again only once, and then reported as failed (11200).
    """

    def __init__(
        self, steps: LambdaClient, fetches: LambdaClient, step_function: str, fetch_function: str
    ) -> None:
        self._steps, self._fetches = steps, fetches
        self._step, self._fetch = step_function, fetch_function

    def post(self, request: StepRequest) -> StepResponse:
        """Blocks until answered, 20 s at most.  Raises NotAnsweredError or ImpossibleError."""
        return self._ask(request, StepResponse)

    def trace(self, request: TraceRequest) -> None:
        """As ``post``."""
        self._ask(request, TraceResponse)

    def _ask(self, request: StepRequest | TraceRequest, kind: type[Answer]) -> Answer:
        try:
            return decode(_invoke(self._steps, self._step, encode(request)), kind)
        except FunctionFailedError as error:
            raise NotAnsweredError(error.kind, crashed=error.kind in CRASHES) from None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in IMPOSSIBLE:
                raise ImpossibleError(code) from None
            raise NotAnsweredError(code) from None
        except (BotoCoreError, OSError, msgspec.MsgspecError) as error:
            raise NotAnsweredError(type(error).__name__) from None

    def fetch(self, command: Fetch) -> Fetched:
        """Never raises: a failure is an answer."""
        payload = encode(command)
        for _ in range(FETCH_TRIES):
            try:
                return decode(_invoke(self._fetches, self._fetch, payload), Fetched)
            except Exception as error:  # noqa: BLE001  reported to the engine by its code
                _log.warning("fetch %s: %s", command.id, type(error).__name__, extra=about(command.call))
        return Fetched(at=time.time(), call=command.call, id=command.id, error=Code.HTTP_RETRIEVAL_FAILURE)


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
        raise FunctionFailedError(_kind(body))
    return body


def _kind(body: bytes) -> str:
    """Lambda's ``errorType``: of the runtime, or the name of the exception.  Its time-outs have a message only."""
    try:
        failure = _failures.decode(body)
    except msgspec.MsgspecError:
        return ""
    return "Sandbox.Timedout" if "Task timed out" in failure.errorMessage else failure.errorType


class _Failure(msgspec.Struct):
    errorType: str = ""  # Lambda's names
    errorMessage: str = ""


_failures = msgspec.json.Decoder(_Failure)


class FunctionFailedError(Exception):
    """The function raised, or died.  ``kind``: see _kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
