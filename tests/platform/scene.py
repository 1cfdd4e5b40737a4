"""The platform with a customer around it: applications by SIP domain, what the API and the log say, SIPp callers."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from callapi.platform import Platform
from callapi.trace import Recorded, read_session
from chalicelib.calls.session import Application, StatusHook
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.log import LoggedProblem, Row
from chalicelib.storage.table import Table
from tests.signaling.sipp import Sipp
from tests.waiting import wait_until
from tests.webhooks.servers import Answer, answer
from tests.webhooks.servers import Application as Server

OVER = {"completed", "busy", "no-answer", "canceled", "failed"}
EVENTS = "initiated ringing answered completed"
BOMB = (
    b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
    b"<Response><Say>&c;</Say></Response>"
)


@dataclass(frozen=True)
class Scene:
    """A platform that is up; ``hooks`` takes the status callbacks of every call."""

    local: Platform
    hooks: Server

    def serve(self, domain: str, url: str) -> None:
        """Let calls to ``domain`` run the document at ``url``."""
        stack = self.local.stack
        accounts = Accounts(Table(self.local.cloud.dynamodb(), stack["AccountsTable"]))
        hook = StatusHook(self.hooks.url(), "POST", ("completed",))
        account = self.local.running.ready.account_sid
        accounts.save_application(domain, Application(account, url=url, status_hook=hook))

    def sip(self, uri: str, **attributes: str) -> str:
        """A Sip noun whose every event is reported."""
        return element("Sip", uri, statusCallback=self.hooks.url(), statusCallbackEvent=EVENTS, **attributes)

    @property
    def sip_port(self) -> int:
        return port_of(self.local.running.ready.sip_uri)

    def callbacks(self, call: str) -> list[dict[str, str]]:
        """The status callbacks of ``call`` as they arrived."""
        return [form for form in (r.form for r in list(self.hooks.requests)) if form["CallSid"] == call]

    def finished_call(self, domain: str, seconds: float = 30) -> dict[str, Any]:
        """The one call to ``domain`` as the API shows it, when it is over and its completed callback came."""

        def finished() -> list[dict[str, Any]]:
            calls = self.calls(To=f"sip:svc@{domain}")
            return [call for call in calls if call["status"] in OVER and self.callbacks(call["sid"])]

        wait_until(finished, seconds)
        [call] = self.calls(To=f"sip:svc@{domain}")
        return call

    def legs(self, parent: str, count: int) -> list[dict[str, Any]]:
        """The ``count`` child calls of ``parent``, when they are over and their completed callbacks came."""

        def finished() -> bool:
            legs = self.calls(ParentCallSid=parent)
            return len(legs) == count and all(self.completed(leg["sid"]) for leg in legs)

        wait_until(finished)
        return self.calls(ParentCallSid=parent)

    def completed(self, call: str) -> list[dict[str, str]]:
        """The ``completed`` callbacks of ``call``."""
        return [form for form in self.callbacks(call) if form["StatusCallbackEvent"] == "completed"]

    def calls(self, **filters: str) -> list[dict[str, Any]]:
        """GET Calls."""
        ready = self.local.running.ready
        query = urlencode(filters | {"PageSize": "200"})
        url = f"{ready.api_url}/2012-04-24/Accounts/{ready.account_sid}/Calls.json?{query}"
        basic = base64.b64encode(f"{ready.account_sid}:{ready.auth_token}".encode()).decode()
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {basic}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["calls"]
        return found

    def recorded(self, call: str) -> Recorded:
        """What the log holds of the session of ``call``."""
        return read_session(Table(self.local.cloud.dynamodb(), self.local.stack["CallsTable"]), call)

    def log(self, call: str) -> tuple[Row, ...]:
        """The steps of the session of ``call``."""
        return self.recorded(call).rows

    def problems(self, call: str) -> list[LoggedProblem]:
        """What the log says went wrong."""
        return [problem for row in self.log(call) for problem in row.problems]


def element(tag: str, content: str, **attributes: str) -> str:
    """``content`` in an XML element; neither it nor the attributes hold a character to escape."""
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{written}>{content}</{tag}>"


def document(*verbs: str) -> Answer:
    """An application that answers with these."""
    return answer(200, element("Response", "".join(verbs)).encode())


HANG_UP = document("<Hangup/>")


class Caller(Sipp):
    """Alice calls ``domain`` through the signaling task at ``port``."""

    def __init__(self, folder: Path, scenario: str, port: int, domain: str) -> None:
        super().__init__(folder, scenario, port, domain=domain)


class Held:
    """An answer that is kept back until it is released."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._released = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        self._released.wait(30)
        self._answer(connection)

    def release(self) -> None:
        self._released.set()


def never(connection: socket.socket) -> None:
    """No answer until the other side has had enough."""
    connection.settimeout(60)
    with contextlib.suppress(OSError):
        connection.recv(1)


def port_of(sip_uri: str) -> int:
    """The port of ``sip:host:port``."""
    return int(sip_uri.rpartition(":")[2])


Call = Callable[..., Caller]
Callee = Callable[[str], Sipp]


def dial(noun: str, action: Server, **attributes: str) -> str:
    """A Dial of ``noun`` that asks ``action`` when it is over."""
    return element("Dial", noun, action=action.url(), **attributes)


def at(peer: Sipp) -> str:
    """The URI at which ``peer`` is called."""
    return f"sip:bob@127.0.0.1:{peer.port}"
