"""300, 301 and 302: followed five times at most, never to a refused address, never in a circle."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Start, talks
from tests.signaling.task import Task, task_running


class Redirector:
    """Answers every INVITE with a 302 to what ``contact`` makes of its own port and the number of the INVITE."""

    def __init__(self, contact: Callable[[int, int], str], code: int = 302) -> None:
        self.invites: list[str] = []
        self._contact = contact
        self._code = code
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, peer = self._socket.recvfrom(8000)
            if not packet:
                return
            text = packet.decode()
            if text.startswith("INVITE "):
                self.invites.append(text)
                self._socket.sendto(self._answer(text), peer)

    def _answer(self, invite: str) -> bytes:
        kept = re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*$", invite.replace("\r", ""), re.MULTILINE)
        kept = [f"{line};tag=moved" if line.startswith("To:") else line for line in kept]
        contact = self._contact(self.port, len(self.invites))
        lines = [f"SIP/2.0 {self._code} Moved", *kept, f"Contact: {contact}", "Content-Length: 0", "", ""]
        return "\r\n".join(lines).encode()


@contextmanager
def redirector(contact: Callable[[int, int], str] | str, code: int = 302) -> Iterator[Redirector]:
    made = Redirector((lambda *_: contact) if isinstance(contact, str) else contact, code)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def dialling(folder: Path, peer: Redirector, attributes: str = "", **environment: str) -> Iterator[Task]:
    noun = f"<Sip {attributes}>sip:bob@127.0.0.1:{peer.port}?X-Foo=bar</Sip>"
    with task_running(folder, {MAIN: dial(noun)}, **environment) as task:
        yield task


def outcome(task: Task) -> list[tuple[int, int]]:
    """Code and error of each leg that ended without an answer."""
    return [
        (event.get("code", 0), event.get("error", 0))
        for event in task.events("ended")
        if event.get("code") or event.get("error")
    ]


@pytest.mark.parametrize("code", [300, 301, 302])
def test_redirected_invite_goes_to_the_new_place_with_its_headers(
    tmp_path: Path, sipp: Start, code: int
) -> None:
    callee = sipp("callee")
    with (
        redirector(f"<sip:bob2@127.0.0.1:{callee.port}?X-Evil=1>", code) as moved,
        dialling(tmp_path, moved) as task,
    ):
        assert talks(sipp, task)
        assert callee.wait() == 0
        task.wait_idle()
        assert outcome(task) == []
        assert len(task.events("bridged")) == 1
        assert len(task.events("ended")) == 2
        assert len(moved.invites) == 1
    received = callee.messages()
    assert f"INVITE sip:bob2@127.0.0.1:{callee.port} SIP/2.0" in received
    assert "To: <sip:bob@127.0.0.1>" in received
    assert "X-Foo: bar" in received
    assert "X-Evil" not in received


def test_callbacks_tell_the_call_id_of_the_last_invite_and_initiated_once(
    tmp_path: Path, sipp: Start
) -> None:
    callee = sipp("callee")
    hook = 'statusCallback="http://app.example/s" statusCallbackEvent="initiated,answered,completed"'
    with (
        redirector(f"<sip:bob2@127.0.0.1:{callee.port}>") as moved,
        dialling(tmp_path, moved, hook) as task,
    ):
        assert talks(sipp, task)
        task.wait_idle()
        told = task.entries("callback")
        assert [callback["event"] for callback in told] == ["initiated", "answered", "completed"]
        first, last = (event["sip_call_id"] for event in task.events("invited"))
        assert [callback["parameters"]["SipCallId"] for callback in told] == [first, last, last]


def test_sixth_redirection_is_the_answer(tmp_path: Path, sipp: Start) -> None:
    with (
        redirector(lambda port, count: f"<sip:bob{count}@127.0.0.1:{port}>") as moved,
        dialling(tmp_path, moved) as task,
    ):
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert len(moved.invites) == 6
        assert outcome(task) == [(302, 0)]


def test_circle_is_left_at_once(tmp_path: Path, sipp: Start) -> None:
    with (
        redirector(lambda port, _: f"<sip:bob@127.0.0.1:{port}>") as moved,
        dialling(tmp_path, moved) as task,
    ):
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert len(moved.invites) == 1
        assert outcome(task) == [(302, 0)]


@pytest.mark.parametrize("place", ["sip:bob@10.1.2.3", "sip:169.254.169.254:80", "sip:bob@127.0.0.9:5070"])
def test_refused_address_is_not_followed(tmp_path: Path, sipp: Start, place: str) -> None:
    with (
        redirector(f"<{place}>") as moved,
        dialling(tmp_path, moved, ALLOWED_ADDRESSES="127.0.0.1") as task,
    ):
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert outcome(task) == [(302, 13254)]
        assert len(task.events("invited")) == 1


def test_refused_contact_is_passed_over_for_the_next(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    listed = f"<sip:bob@10.1.2.3>;q=0.9, <sip:bob@127.0.0.1:{callee.port}>;q=0.1"
    with redirector(listed) as moved, dialling(tmp_path, moved) as task:
        assert talks(sipp, task)
        assert callee.wait() == 0
        task.wait_idle()
        assert len(task.events("bridged")) == 1


def test_password_does_not_follow_a_redirection_to_another_host(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee_challenges")
    with (
        redirector(f"<sip:bob@localhost:{callee.port}>") as moved,
        dialling(tmp_path, moved, 'username="alice" password="wonderland"') as task,
    ):
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert [code for code, _ in outcome(task)] in ([401], [407])
    assert "Authorization:" not in callee.messages()
