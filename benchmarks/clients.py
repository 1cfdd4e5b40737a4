"""What 10,000 registered clients cost a Dial of one of them: the step that makes its legs, on an emulated table.

Dials of a SIP URI and of a client in turn, while ten are registered and while ten thousand are.  Ten documents in both,
for a new one is a write of its own.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from callapi.deployment import deploy
from callapi.emulator import STOP_SECONDS, start_emulator
from callapi.platform import register
from chalicelib.calls.commands import DialLegs, Fetch
from chalicelib.calls.events import Fetched, Incoming
from chalicelib.calls.protocol import StepRequest
from chalicelib.calls.session import Application
from chalicelib.registrar.contacts import Contact, Contacts
from chalicelib.steps.executor import Steps
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.listing import Listing
from chalicelib.storage.log import DynamoCallLog
from chalicelib.storage.queues import Outbound
from chalicelib.storage.table import Table
from chalicelib.storage.traces import Traces

from .measure import Row, median_of

ACCOUNT = "AC" + "c" * 32
URL = "https://app.example.com/voice"
FEW, MANY, DIALS = 10, 10_000, 60
REQUESTS_MOST = 1


class Scene:
    """A deployment whose step logic runs in this process.  ``asked``: its requests to DynamoDB, by operation."""

    def __init__(self, steps: Steps, contacts: Contacts) -> None:
        self._steps = steps
        self._contacts = contacts
        self.asked: list[str] = []

    def fill(self, first: int, last: int) -> None:
        """Register the clients of these numbers, one contact each."""
        for number in range(first, last):
            contact = Contact(f"sip:c{number}@192.0.2.1", "", expires_at=4e9, registered_at=1e9)
            self._contacts.change(ACCOUNT, f"c{number}", partial(_only, contact))

    def dial(self, noun: str) -> float:
        """Seconds of the step that dials ``noun``."""
        call = f"CA{uuid.uuid4().hex}"
        now = time.time()
        incoming = Incoming(
            at=now, entropy=call, call=call, to="sip:1@voice.example.com", from_="sip:a@example.com", task="t"
        )
        answer = self._steps.handle(StepRequest(call, 0, (incoming,), task="t"))
        [fetch] = [command for command in answer.commands if isinstance(command, Fetch)]
        fetched = Fetched(
            at=now, entropy=fetch.id, call=call, id=fetch.id, status=200, content_type="text/xml", url=URL,
            body=f"<Response><Dial>{noun}</Dial></Response>",
        )  # fmt: skip
        self.asked.clear()
        started = time.perf_counter()
        answer = self._steps.handle(StepRequest(call, 1, (fetched,), task="t"))
        seconds = time.perf_counter() - started
        if not any(isinstance(command, DialLegs) for command in answer.commands):
            raise RuntimeError(f"nothing was dialled for {noun}")
        return seconds


def _only(contact: Contact, before: tuple[Contact, ...]) -> tuple[Contact, ...]:
    return (contact,)


def main() -> list[Row]:
    """The step beside one of a SIP URI, with few clients and with many."""
    with _scene() as scene:
        scene.fill(0, FEW)
        few = _in_turn(scene, lambda n: f"<Client>c{n % FEW}</Client>")
        scene.fill(FEW, MANY)
        many = _in_turn(scene, lambda n: f"<Client>c{n % FEW * (MANY // FEW)}</Client>")
        lookups = scene.asked.count("BatchGetItem")
    if lookups > REQUESTS_MOST:
        raise RuntimeError(f"{lookups} look-ups of contacts in one Dial")
    return [
        _row(f"step that dials a client, {FEW} registered", few),
        _row(f"the same, {MANY:,} registered", many),
        Row("look-ups of contacts in a Dial", str(lookups), f"≤ {REQUESTS_MOST}"),
    ]


def _in_turn(scene: Scene, client: Callable[[int], str]) -> tuple[float, float]:
    """Medians in seconds: of a SIP URI's step, and of a client's."""
    pairs = [
        (scene.dial("<Sip>sip:bob@example.net</Sip>"), scene.dial(client(number))) for number in range(DIALS)
    ]
    return median_of([sip for sip, _ in pairs]), median_of([found for _, found in pairs])


def _row(name: str, medians: tuple[float, float]) -> Row:
    sip, found = medians
    return Row(name, f"{found * 1000:.1f} ms", "", f"{found / sip:.2f} × a step that dials a SIP URI")


@contextmanager
def _scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="callapi-clients-") as name:
        emulator, cloud = start_emulator(Path(name))
        try:
            stack = deploy(cloud, Path(name))
            register(cloud, stack, ACCOUNT, "token", Application(ACCOUNT, url=URL))
            client = cloud.dynamodb()
            calls = Table(client, stack["CallsTable"])
            accounts = Accounts(Table(client, stack["AccountsTable"]))
            contacts = Contacts(calls)
            outbound = Outbound(cloud.sqs, stack["OutboundQueueUrl"], stack["CallbacksQueueUrl"])
            steps = Steps(DynamoCallLog(calls), Traces(calls), accounts, Listing(calls), outbound, contacts)
            scene = Scene(steps, contacts)
            client.meta.events.register(
                "before-call.dynamodb", lambda model, **rest: scene.asked.append(model.name)
            )
            yield scene
        finally:
            emulator.stop(STOP_SECONDS)
