"""Documents that dial where they came from, over real SIP: the call stops and says why (docs/decisions/0007)."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callapi.processes import free_port
from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Sipp
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until

HOOK = 'statusCallback="http://app.example/status"'
INVITE = """INVITE sip:svc@127.0.0.1:{port} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKlast
From: <sip:alice@127.0.0.1:{own}>;tag=1
To: <sip:svc@127.0.0.1:{port}>
Call-ID: last-hop
CSeq: 1 INVITE
Contact: <sip:alice@127.0.0.1:{own}>
Max-Forwards: 0
Content-Length: 0

"""


@contextmanager
def calling(folder: Path, document: str, port: int) -> Iterator[Task]:
    """A task at ``port`` to which one caller has made a call."""
    with task_running(folder, {MAIN: document}, SIP_PORT=str(port)) as task:
        caller = Sipp(folder, "caller_waits", port)
        try:
            assert caller.wait() == 0
            task.wait_idle()
            yield task
        finally:
            caller.stop()


def endings(task: Task) -> list[tuple[str, str, str]]:
    """What was said of each leg at its end."""
    said = [callback["parameters"] for callback in task.entries("callback")]
    return [(end["CallStatus"], end["SipResponseCode"], end["ErrorCode"]) for end in said]


@contextmanager
def proxy(task_port: int) -> Iterator[int]:
    """A stateless proxy (RFC 3261 §16.11) that sends every request to the task; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        port = wire.getsockname()[1]
        thread = threading.Thread(target=_forward, args=(wire, port, task_port))
        thread.start()
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                stop.sendto(b"stop", ("127.0.0.1", port))
            thread.join()


def _forward(wire: socket.socket, port: int, task_port: int) -> None:
    while (message := wire.recv(65535).decode()) != "stop":
        first, _, rest = message.partition("\r\n")
        if first.startswith("SIP/2.0"):
            rest = re.sub(r"(?m)^Via:.*\r\n", "", rest, count=1)
        else:
            first = re.sub(r"sip:\S+", f"sip:svc@127.0.0.1:{task_port}", first)
            branch = re.search(r"branch=(\S+)", rest)
            assert branch is not None
            rest = f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch={branch[1]}x\r\n{rest}"
            rest = re.sub(r"Max-Forwards: (\d+)", lambda hops: f"Max-Forwards: {int(hops[1]) - 1}", rest)
        wire.sendto(f"{first}\r\n{rest}".encode(), ("127.0.0.1", task_port))


def test_document_that_dials_its_own_address_gets_482_and_the_caller_is_let_go(tmp_path: Path) -> None:
    port = free_port()
    noun = f"<Sip {HOOK}>sip:svc@127.0.0.1:{port}</Sip>"
    with calling(tmp_path, dial(noun), port) as task:
        assert endings(task) == [("failed", "482", "32006")]
        assert len(task.events("incoming")) == 2


def test_fork_to_its_own_address_does_not_multiply(tmp_path: Path) -> None:
    port = free_port()
    noun = f"<Sip {HOOK}>sip:svc@127.0.0.1:{port}</Sip>"
    with calling(tmp_path, dial(*[noun] * 10), port) as task:
        assert endings(task) == [("failed", "482", "32006")] * 10
        assert len(task.events("incoming")) == 11


def test_call_that_a_proxy_sends_back_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    with proxy(port) as there:
        noun = f"<Sip {HOOK}>sip:bob@127.0.0.1:{there}</Sip>"
        with calling(tmp_path, dial(noun), port) as task:
            assert endings(task) == [("failed", "482", "32006")]
            assert [incoming.get("max_forwards", 70) for incoming in task.events("incoming")] == [70, 68]


def test_documents_that_dial_each_other_in_turn_are_stopped(tmp_path: Path) -> None:
    port = free_port()
    with task_running(tmp_path, {MAIN: dial(f"sip:svc@localhost:{port}")}, SIP_PORT=str(port),
                      ALLOWED_ADDRESSES="127.0.0.0/8") as task:  # fmt: skip
        caller = Sipp(tmp_path, "caller_waits", port)
        try:
            assert caller.wait() == 0
            task.wait_idle()
        finally:
            caller.stop()
        assert [end["code"] for end in task.events("ended") if end.get("code")] == [482]
        assert len(task.events("incoming")) == 3


def test_invite_on_its_last_hop_is_answered_with_483(tmp_path: Path) -> None:
    with (
        task_running(tmp_path, {MAIN: dial("sip:bob@127.0.0.1:9")}) as task,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller,
    ):
        caller.bind(("127.0.0.1", 0))
        caller.settimeout(10)
        invite = INVITE.format(port=task.sip_port, own=caller.getsockname()[1]).replace("\n", "\r\n")
        caller.sendto(invite.encode(), ("127.0.0.1", task.sip_port))
        answers = [caller.recv(65535).decode().split(" ")[1] for _ in range(2)]
        assert answers == ["100", "483"]
        wait_until(lambda: task.events("incoming"))
        assert task.entries("command", "fetch") == []
