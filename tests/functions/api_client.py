"""The REST API as a customer sees it, and what it asks of the tasks behind it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from chalice.test import Client

from chalicelib.calls.events import Claimed
from chalicelib.calls.protocol import ChangeRequest, OutboundCall, StepRequest, decode
from tests.storage.cloud import ACCOUNT, NOW, TOKEN, Cloud
from tests.storage.step_requests import bridged, fetched, incoming, leg, request

BASE = f"/2012-04-24/Accounts/{ACCOUNT}"
FORM = {"To": "sip:bob@example.net", "From": "+4930123", "Url": "https://app.example.com/v"}
PASSWORD = "s3cr3t-pass"
LONG_PASSWORD = f'<Response><Dial><Sip username="a" password="{"p" * 4097}">sip:c@d.e</Sip></Dial></Response>'
NONE: Mapping[str, str] = {}


class Api:
    """The API as an HTTP client with the account's credentials sees it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.credentials = f"{ACCOUNT}:{TOKEN}"

    def send(
        self, method: str, path: str, form: dict[str, Any] | None = None, headers: Mapping[str, str] = NONE
    ) -> Any:
        basic = base64.b64encode(self.credentials.encode()).decode()
        sent = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form or {}, doseq=True).encode()
        return self._client.http.request(method, path, headers={**sent, **headers}, body=body)

    def create(self, key: str = "", **changes: Any) -> Any:
        form = {name: value for name, value in (FORM | changes).items() if value is not None}
        return self.send("POST", f"{BASE}/Calls.json", form, {"Idempotency-Key": key} if key else NONE)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", BASE + path, None, headers)

    def end(self, sid: str, status: str = "completed") -> Any:
        return self.modify(sid, Status=status)

    def modify(self, sid: str, **form: str) -> Any:
        return self.send("POST", f"{BASE}/Calls/{sid}.json", form)


def offered(cloud: Cloud) -> list[str]:
    """The sessions that lie in the outbound queue."""
    return [decode(m["Body"], OutboundCall).session for m in cloud.received(cloud.outbound_url)]


def asked(cloud: Cloud) -> list[ChangeRequest]:
    """What lies in the queue of the task, each under an id of its own, which is left out here."""
    found = [decode(m["Body"], ChangeRequest) for m in cloud.received(cloud.task_url)]
    assert len({one.id for one in found} - {""}) == len(found)
    return [msgspec.structs.replace(one, id="") for one in found]


def claim(session: str, task: str = "task-1") -> StepRequest:
    return StepRequest(session, 1, (Claimed(at=NOW + 1, entropy="c", task=task),), 0, task)


def call_up(cloud: Cloud, step: Client) -> str:
    first = cloud.step(step, request(0, incoming()))
    child = leg(cloud.step(step, request(1, fetched(first))))
    cloud.step(step, request(2, *bridged(child)))
    cloud.heartbeat("task-1", cloud.task_url, NOW)
    return child
