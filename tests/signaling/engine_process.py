"""The signaling task and the real step executor, in a process of their own.

``python -m tests.signaling.engine_process FOLDER``

The application is a folder: ``documents.json`` gives the body for each URL; a call to ``sip:USER@`` gets that of SITE
USER, and MAIN when there is none.  What the engine was told, and what it asked to deliver, is appended to
``log.jsonl``.  What the account has is in the variable ACCOUNT: see there; names and passwords of those who may
register are in CLIENTS; with REGISTER=no nobody can.  BREAKS names a method of the task's sessions that fails.  With
CONTROL_PORT, a datagram there modifies a call: ``{"sip_call_id": …, "rcml": …}``.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import sys
import threading
import time
from functools import partial
from pathlib import Path

import msgspec

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import CallChange, Fetched
from chalicelib.calls.protocol import (
    ChangeRequest,
    StepRequest,
    StepResponse,
    TraceRequest,
    decode,
    encode,
)
from chalicelib.calls.registration import (
    RefusedError,
    Registered,
    Registration,
    accepted,
    live,
    rule_of,
    subject,
)
from chalicelib.calls.routing.policy import Policy
from chalicelib.calls.types import Contact, Value
from chalicelib.catalogue import Code
from chalicelib.sip.digest import ha1, proves, read_credentials
from signaling.b2bua.session import TaskSession
from signaling.b2bua.switchboard import Switchboard
from signaling.engine.loop import Loop
from signaling.media.speech import espeak
from signaling.routing.credentials import Credential
from signaling.routing.target import TargetError
from signaling.settings import read_settings
from signaling.task import run_task
from tests.signaling.memory_stores import Account, steps_in_memory


class AccountSettings(Value, frozen=True):
    """``clients``: contacts by name.  ``secrets``: user name and password by AccountSid/name."""

    policy: Policy | None = None
    clients: dict[str, tuple[Contact, ...]] = msgspec.field(default_factory=dict)
    secrets: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)


class Engine:
    """The step, the fetch and the register function, without AWS."""

    def __init__(self, folder: Path) -> None:
        self._documents: dict[str, str] = json.loads((folder / "documents.json").read_text())
        own = own_account()
        account = Account(frozenset(self._documents), own.policy, own.clients)
        self._steps = steps_in_memory(account, self._write)
        self._log = (folder / "log.jsonl").open("ab", buffering=0)
        self._lock = threading.Lock()
        self._clients: dict[str, str] = json.loads(os.environ.get("CLIENTS", "{}"))
        self._contacts: dict[str, tuple[Contact, ...]] = {}

    def close(self) -> None:
        self._log.close()

    def post(self, request: StepRequest) -> StepResponse:
        response = self._steps.handle(request)
        if not response.fenced:
            for event in request.events:
                self._write("event", event)
            for command in response.commands:
                self._write("command", command)
        return response

    def trace(self, request: TraceRequest) -> None:
        self._write("trace_request", request)
        self._steps.trace(request)

    def fetch(self, command: Fetch) -> Fetched:
        body = self._documents.get(command.url, "")
        return Fetched(
            at=time.time(),
            call=command.call,
            id=command.id,
            status=200,
            content_type="text/xml",
            body=body,
            url=command.url,
        )

    def register(self, registration: Registration) -> Registered:
        self._write("registration", registration)
        time.sleep(float(os.environ.get("REGISTER_TAKES", "0")))
        name, domain = subject(registration)
        credentials = read_credentials(registration.authorization)
        assert credentials is not None
        secret = ha1(credentials.algorithm, name, domain, self._clients.get(name, ""))
        if name not in self._clients or not proves(credentials, secret, "REGISTER"):
            return Registered(403)
        try:
            contacts = rule_of(registration)(live(self._contacts.get(name, ()), registration.at))
        except RefusedError as refused:
            return Registered(refused.code, refused.headers)
        self._contacts[name] = contacts
        return accepted(contacts, registration.at)

    def _write(self, kind: str, value: msgspec.Struct) -> None:
        with self._lock:
            self._log.write(encode({"kind": kind, "value": value}) + b"\n")


def own_account() -> AccountSettings:
    return decode(os.environ.get("ACCOUNT", "{}"), AccountSettings)


def secret(reference: str) -> Credential:
    found = own_account().secrets.get(reference)
    if found is None:
        raise TargetError(Code.SIP_INVALID_CREDENTIALS)
    return Credential(*found)


def broken(*_: object) -> None:
    """In place of the method of a session that BREAKS names."""
    raise RuntimeError("broken by the test")


def keep(folder: Path, recording: Path, key: str) -> None:
    """In place of a bucket: ``folder``/AC…/RE….wav, whole once it is there."""
    place = folder / key
    place.parent.mkdir(exist_ok=True)
    part = Path(shutil.copyfile(recording, f"{place}.part"))
    part.rename(place)


def take_modifications(switchboard: Switchboard, loop: Loop) -> None:
    """In place of the task's queue."""
    if "CONTROL_PORT" not in os.environ:
        return
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    control.bind(("127.0.0.1", int(os.environ["CONTROL_PORT"])))

    def receive() -> None:
        while True:
            message = json.loads(control.recv(65535))
            loop.submit(partial(modify, switchboard, message["sip_call_id"], message["rcml"]))

    threading.Thread(target=receive, daemon=True).start()


def modify(switchboard: Switchboard, sip_call_id: str, rcml: str) -> None:
    session, sid = switchboard.context.dialogs.get(sip_call_id, (None, ""))
    if isinstance(session, TaskSession):
        session.change(ChangeRequest(session.sid, sid, CallChange(rcml=rcml)))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    folder = Path(sys.argv[1])
    engine = Engine(folder)
    if "BREAKS" in os.environ:
        setattr(TaskSession, os.environ["BREAKS"], broken)
    run_task(
        read_settings(os.environ), engine, str, espeak, take_modifications, partial(keep, folder), secret,
        register=engine.register if os.environ.get("REGISTER", "yes") == "yes" else None,
    )  # fmt: skip
