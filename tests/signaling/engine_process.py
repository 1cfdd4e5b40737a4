"""The signaling task under the real engine, in a process of its own.

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

from chalicelib.calls.commands import Command, Fetch
from chalicelib.calls.events import CallChange, Event, Fetched, Incoming
from chalicelib.calls.protocol import (
    ChangeRequest,
    SipMessage,
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
from chalicelib.calls.session import Application, Session
from chalicelib.calls.step import Step, step
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

ACCOUNT = "AC" + "1" * 32
SITE = "http://app.example/"
MAIN = f"{SITE}main"


class Account(Value, frozen=True):
    """``clients``: contacts by name.  ``secrets``: user name and password by AccountSid/name."""

    policy: Policy | None = None
    clients: dict[str, tuple[Contact, ...]] = msgspec.field(default_factory=dict)
    secrets: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)


class Engine:
    """The step, the fetch and the register function, without AWS."""

    def __init__(self, folder: Path) -> None:
        self._sessions: dict[str, Session | None] = {}
        self._documents: dict[str, str] = json.loads((folder / "documents.json").read_text())
        self._account = own_account()
        self._log = (folder / "log.jsonl").open("ab", buffering=0)
        self._lock = threading.Lock()
        self._clients: dict[str, str] = json.loads(os.environ.get("CLIENTS", "{}"))
        self._contacts: dict[str, tuple[Contact, ...]] = {}

    def close(self) -> None:
        self._log.close()

    def post(self, request: StepRequest) -> StepResponse:
        session = self._sessions.get(request.session)
        commands: list[Command] = []
        for event in map(self._with_application, request.events):
            result = self._step(session, event)
            session = result.session
            commands += result.commands
            self._write("event", event)
            for callback in result.callbacks:
                self._write("callback", callback)
            for command in result.commands:
                self._write("command", command)
        self._write_messages(request.trace)
        over = session is None or session.over
        self._sessions[request.session] = session
        if over:
            self._sessions.pop(request.session)
        return StepResponse(request.session, request.number, tuple(commands), over=over)

    def trace(self, request: TraceRequest) -> None:
        self._write("trace_request", request)
        for part in request.traces:
            self._write_messages(part.messages)

    def _write_messages(self, messages: tuple[SipMessage, ...]) -> None:
        for message in messages:
            self._write("trace", message)

    def _step(self, session: Session | None, event: Event) -> Step:
        result = step(session, event)
        if result.wanted:
            known = self._account.clients
            contacts = {name: known.get(name, ()) for name in result.wanted}
            result = step(session, msgspec.structs.replace(event, contacts=contacts))
        return result

    def _with_application(self, event: Event) -> Event:
        if isinstance(event, Incoming):
            url = SITE + event.to.partition(":")[2].partition("@")[0]
            own = url if url in self._documents else MAIN
            application = Application(ACCOUNT, url=own, policy=self._account.policy)
            return msgspec.structs.replace(event, application=application)
        return event

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


def own_account() -> Account:
    return decode(os.environ.get("ACCOUNT", "{}"), Account)


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
