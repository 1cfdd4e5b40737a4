"""``python -m signaling`` as ECS starts it: real queues and a real table in the emulator, its functions over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from callapi.emulator import Cloud, start_emulator
from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import CallChange, Created, Fetched
from chalicelib.calls.protocol import (
    ChangeRequest,
    OutboundCall,
    StepRequest,
    StepResponse,
    TraceRequest,
    TraceResponse,
    decode,
    encode,
)
from chalicelib.calls.session import Application, Launch
from chalicelib.storage.table import Table
from chalicelib.storage.tasks import Tasks
from tests.http_server import Handler, http_server
from tests.signaling.documents import MAIN
from tests.storage.cloud import deployed_resources

from .engine_process import Engine
from .memory_stores import ACCOUNT
from .task import Task, process_running

PREFIX = "callapi-task-"


Judge = Callable[[StepRequest], bool]


def never(_: StepRequest) -> bool:
    return False


class Invoked(Protocol):
    """What is behind Lambda's Invoke: the step and the fetch function."""

    def post(self, request: StepRequest) -> StepResponse: ...

    def trace(self, request: TraceRequest) -> object: ...

    def fetch(self, command: Fetch) -> Fetched: ...


class Functions:
    """Lambda's Invoke at ``url``; while not ``up`` it answers 503.  Sessions of ``others`` belong to another task.

    A step that ``impossible`` picks is answered as one that can never be made; if it ``leaves_row``, it is in the log
    all the same, because only its effects failed.  One that ``deadly`` picks kills the function, and one that
    ``throttled`` picks raises in it.  ``asked``: every step request, also those.
    """

    def __init__(self) -> None:
        self.url = ""
        self.up = True
        self.others: set[str] = set()
        self.impossible: Judge = never
        self.leaves_row = False
        self.deadly: Judge = never
        self.throttled: Judge = never
        self.asked: list[StepRequest] = []

    def step(self, engine: Invoked, asked: bytes) -> tuple[bytes, str]:
        """The answer, and what Lambda's header says of an error of the function."""
        if asked.startswith(b'{"traces":'):
            engine.trace(decode(asked, TraceRequest))
            return encode(TraceResponse()), ""
        request = decode(asked, StepRequest)
        self.asked.append(request)
        if self.deadly(request):
            return b'{"errorType":"Runtime.ExitError"}', "Unhandled"
        if self.throttled(request):
            return b'{"errorType":"ProvisionedThroughputExceededException"}', "Unhandled"
        if request.session in self.others:
            return encode(StepResponse(request.session, request.number, fenced=True)), ""
        if self.impossible(request):
            if self.leaves_row:
                engine.post(request)
            return encode(StepResponse(request.session, request.number, failed=12400)), ""
        return encode(engine.post(request)), ""


class Deployment:
    """An emulated account with the calls table and the outbound queue, and the engine behind Lambda's Invoke."""

    def __init__(self, cloud: Cloud, engine: Invoked, functions: Functions) -> None:
        self.cloud, self.engine, self.functions = cloud, engine, functions
        self.sqs = cloud.sqs()
        self.outbound_url = self.sqs.create_queue(QueueName="outbound")["QueueUrl"]
        properties = deployed_resources()["CallsTable"]["Properties"]
        kept = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
        cloud.dynamodb().create_table(
            TableName="calls", BillingMode="PAY_PER_REQUEST", **{key: properties[key] for key in kept}
        )
        self.table = Table(cloud.dynamodb(), "calls")
        self.tasks = Tasks(self.table)
        self.environment = cloud.environment | {
            "AWS_ENDPOINT_URL_LAMBDA": functions.url, "CALLS_TABLE": "calls", "OUTBOUND_QUEUE_URL": self.outbound_url,
            "TASK_QUEUE_PREFIX": PREFIX, "STEP_FUNCTION": "step", "FETCH_FUNCTION": "fetch",
        }  # fmt: skip

    def queues(self) -> list[str]:
        return self.sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])

    def waiting(self, queue: str = "") -> tuple[int, int]:
        """How many created calls (or messages of ``queue``) are to be had, and how many in some task's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found: Any = self.sqs.get_queue_attributes(QueueUrl=queue or self.outbound_url, AttributeNames=names)  # type: ignore[arg-type]  # a list of literals
        return int(found["Attributes"][names[0]]), int(found["Attributes"][names[1]])

    def create_call(self, sid: str, to: str) -> None:
        """What the API does: step 0, then a message for whichever task has room."""
        created = Created(
            at=0, entropy="0", call=sid, to=to, from_="sip:desk@example.com",
            application=Application(ACCOUNT, url=MAIN), launch=Launch(timeout=20),
        )  # fmt: skip
        self.engine.post(StepRequest(sid, 0, (created,)))
        self.sqs.send_message(QueueUrl=self.outbound_url, MessageBody=encode(OutboundCall(sid)).decode())

    def modify(self, session: str, queue_url: str) -> None:
        """What the API does: ask the owner of the session to end its call."""
        asked = ChangeRequest(session, session, CallChange("completed"))
        self.sqs.send_message(QueueUrl=queue_url, MessageBody=encode(asked).decode())


@contextmanager
def deployment(folder: Path, documents: dict[str, str]) -> Iterator[Deployment]:
    (folder / "documents.json").write_text(json.dumps(documents))
    with (
        emulated(folder) as cloud,
        closing(Engine(folder)) as engine,
        deployed_with(cloud, engine) as deployed,
    ):
        yield deployed


@contextmanager
def emulated(folder: Path) -> Iterator[Cloud]:
    emulator, cloud = start_emulator(folder)
    try:
        yield cloud
    finally:
        emulator.stop(0)  # it keeps nothing


@contextmanager
def deployed_with(cloud: Cloud, engine: Invoked) -> Iterator[Deployment]:
    with _serving(engine) as functions:
        yield Deployment(cloud, engine, functions)


@contextmanager
def _serving(engine: Invoked) -> Iterator[Functions]:
    functions = Functions()

    class Invoke(Handler):
        def respond(self, asked: bytes) -> None:
            body, error = b"{}", ""
            if functions.up and "/step/" in self.path:
                body, error = functions.step(engine, asked)
            elif functions.up:
                body = encode(engine.fetch(decode(asked, Fetch)))
            headers = [("X-Amz-Function-Error", error)] if error else []
            self.answer(200 if functions.up else 503, body, *headers)

    with http_server(Invoke) as functions.url:
        yield functions


@contextmanager
def signaling(deployed: Deployment, folder: Path, **environment: str) -> Iterator[Task]:
    """The task as it is in a container, in the emulated account."""
    own = {"PUBLIC_ADDRESS": "127.0.0.1", "DRAIN_SECONDS": "3"} | deployed.environment | environment
    with process_running(folder, "signaling", **own) as task:
        yield task
