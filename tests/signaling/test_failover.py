"""The next server of a domain is tried before an INVITE got any answer, and never after."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callapi.processes import free_port
from tests.signaling.documents import MAIN, dial
from tests.signaling.name_server import name_server
from tests.signaling.sipp import Start
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until


@contextmanager
def dialling_servers(folder: Path, *ports: int, transport: str = "udp", timeout: int = 30) -> Iterator[Task]:
    """The task dials a domain whose servers listen on ``ports``, tried in this order."""
    records = [
        f"_sip._{transport}.pbx.example SRV {order} 0 {port} node.pbx.example."
        for order, port in enumerate(ports)
    ]
    zone = "\n".join([*records, "node.pbx.example A 127.0.0.1"])
    noun = f'<Sip timeout="{timeout}">sip:bob@pbx.example;transport={transport}?X-Foo=bar</Sip>'
    with (
        name_server(zone) as dns,
        task_running(
            folder, {MAIN: dial(noun, attributes='answerOnBridge="true"')}, NAME_SERVERS=dns.address
        ) as task,
    ):
        yield task


@contextmanager
def silent_server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(10)
        yield silent


def test_server_that_refuses_the_connection_is_passed_over_at_once(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee", transport="t1")
    closed = free_port()
    with dialling_servers(tmp_path, closed, callee.port, transport="tcp") as task:
        assert sipp("caller", task.sip_port).wait() == 0
        assert callee.wait() == 0
        task.wait_idle()
        assert [event["code"] for event in task.events("ended") if event.get("code")] == []
        assert len(task.events("ended")) == 2
        assert len(task.events("bridged")) == 1
    assert "INVITE sip:bob@pbx.example;transport=tcp SIP/2.0" in callee.messages()
    assert "X-Foo: bar" in callee.messages()


def test_silent_server_is_passed_over_after_four_seconds(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    with silent_server() as silent, dialling_servers(tmp_path, silent.getsockname()[1], callee.port) as task:
        assert sipp("caller", task.sip_port).wait() == 0
        assert callee.wait() == 0
        wait_until(lambda: len(task.events("ended")) == 2)
        first, second = (event["at"] for event in task.events("invited"))
        assert 3.5 < second - first < 6


def test_server_that_wakes_up_too_late_is_cancelled(tmp_path: Path, sipp: Start) -> None:
    """Two telephones never ring for one leg longer than it takes to say CANCEL."""
    callee = sipp("callee")
    with silent_server() as late, dialling_servers(tmp_path, late.getsockname()[1], callee.port) as task:
        caller = sipp("caller", task.sip_port)
        invite = late.recv(8000).decode()
        wait_until(lambda: task.events("bridged"))
        late.sendto(_ringing(invite), ("127.0.0.1", task.sip_port))
        while not (request := late.recv(8000).decode()).startswith("CANCEL "):
            assert request.startswith("INVITE ")
        assert (caller.wait(), callee.wait()) == (0, 0)
        assert len(task.events("bridged")) == 1


def test_answered_invite_stays_with_its_server(tmp_path: Path, sipp: Start) -> None:
    busy, unused = sipp("callee_busy"), sipp("callee")
    with dialling_servers(tmp_path, busy.port, unused.port) as task:
        assert sipp("caller_waits", task.sip_port).wait() == 0
        assert busy.wait() == 0
        task.wait_idle()
        assert [event["code"] for event in task.events("ended") if event.get("code")] == [486]
    assert unused.messages() == ""


def test_server_that_only_tries_keeps_the_call(tmp_path: Path, sipp: Start) -> None:
    """100 is an answer: the server has the INVITE and may be ringing the callee."""
    trying, unused = sipp("callee_only_trying"), sipp("callee")
    with dialling_servers(tmp_path, trying.port, unused.port, timeout=6) as task:
        assert sipp("caller_waits", task.sip_port).wait(20) == 0
        assert trying.wait() == 0
        task.wait_idle()
        assert len(task.events("ring-timeout")) == 1
    assert unused.messages() == ""


def test_leg_whose_every_server_is_down_fails_once(tmp_path: Path, sipp: Start) -> None:
    closed = [free_port() for _ in range(3)]
    with dialling_servers(tmp_path, *closed, transport="tcp") as task:
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert [event["code"] for event in task.events("ended") if event.get("code")] == [503]
        assert len(task.events("invited")) == 3


def test_caller_who_leaves_between_two_servers_leaves_nothing_ringing(tmp_path: Path, sipp: Start) -> None:
    document = (
        '<Response><Dial answerOnBridge="true"><Sip>sip:bob@pbx.example;transport=udp</Sip></Dial></Response>'
    )
    with silent_server() as one, silent_server() as two:
        records = [
            f"_sip._udp.pbx.example SRV {order} 0 {server.getsockname()[1]} node.pbx.example."
            for order, server in enumerate((one, two))
        ]
        zone = "\n".join([*records, "node.pbx.example A 127.0.0.1"])
        with (
            name_server(zone) as dns,
            task_running(tmp_path, {MAIN: document}, NAME_SERVERS=dns.address) as task,
        ):
            caller = sipp("caller_cancels", task.sip_port)
            assert caller.wait() == 0
            wait_until(lambda: len(task.events("ended")) == 2)
            assert len(task.events("invited")) == 1


def _ringing(invite: str) -> bytes:
    kept = [
        line
        for line in invite.split("\r\n")
        if line.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")
    ]
    kept = [f"{line};tag=late" if line.startswith("To:") else line for line in kept]
    return "\r\n".join(["SIP/2.0 180 Ringing", *kept, "Content-Length: 0", "", ""]).encode()
