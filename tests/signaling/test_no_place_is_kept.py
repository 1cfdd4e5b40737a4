"""Calls that nobody ends: each has gone, and with it its session and the engine's object, a little after a limit.

The limits are MEDIA_TIMEOUT_SECONDS, here 2 s, and the 32 s that a transaction lasts (64*T1, RFC 3261 §17).
"""

from __future__ import annotations

import socket
import time
import uuid
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.peer import SDP, Caller, Make, Peer
from tests.signaling.rtp import CALLER_TONE, Telephone
from tests.signaling.task import Task, called, task_running
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(120)
SAY = '<Response><Say>Hello</Say><Pause length="600"/></Response>'
GONE_SECONDS = 2 + 32 + 6
SILENT = {"MEDIA_TIMEOUT_SECONDS": "2"}


def test_caller_who_never_acknowledges_gets_bye_after_32_s(tmp_path: Path, peers: Make) -> None:
    """RFC 3261 §13.3.1.4."""
    with task_running(tmp_path, {MAIN: SAY}, MEDIA_TIMEOUT_SECONDS="0") as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.expect("SIP/2.0 200")
        answered = time.monotonic()
        caller.expect("BYE", 40)
        assert time.monotonic() - answered > 30
        task.wait_idle(5)


def test_caller_who_never_acknowledges_and_is_silent_has_gone(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = peers(Caller, task.sip_port)
        caller.automatic = False
        caller.call()
        caller.expect("SIP/2.0 200")
        task.wait_idle(GONE_SECONDS)
        caller.expect("BYE", 40)  # it waits for the end of the INVITE's transaction (§15)


def test_caller_who_does_not_answer_our_bye_has_gone(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = called(peers, task)
        caller.automatic = False
        caller.expect("BYE")
        task.wait_idle(GONE_SECONDS)


def test_callee_who_does_not_answer_our_bye_has_gone(tmp_path: Path, peers: Make) -> None:
    ear, callee = peers(Telephone, CALLER_TONE), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}, **SILENT) as task:
        called(peers, task, ear.port)
        callee.automatic = False
        callee.answer(callee.expect("INVITE"))
        callee.expect("BYE")
        task.wait_idle(GONE_SECONDS)


@pytest.mark.parametrize("place", ["", "callee.invalid", "10.255.255.1", "[fd00::1]", "127.0.0.1:0"])
def test_caller_with_no_contact_or_an_unusable_one_has_gone(tmp_path: Path, peers: Make, place: str) -> None:
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        caller = peers(Caller, task.sip_port)
        caller.place = place
        caller.call()
        wait_until(lambda: any(not message.line.startswith("SIP/2.0 1") for message in caller.received))
        task.wait_idle(GONE_SECONDS)


@pytest.mark.parametrize("acknowledges", [True, False])
def test_caller_over_tcp_whose_connection_closed_has_gone(tmp_path: Path, acknowledges: bool) -> None:
    with task_running(tmp_path, {MAIN: SAY}, **SILENT) as task:
        with socket.create_connection(("127.0.0.1", task.sip_port)) as connection:
            call_over(connection, task, acknowledges=acknowledges)
        task.wait_idle(GONE_SECONDS)


def call_over(connection: socket.socket, task: Task, *, acknowledges: bool) -> None:
    """An INVITE over TCP that is answered.  Nobody listens at its Contact."""
    port = connection.getsockname()[1]
    call_id = uuid.uuid4().hex
    body = SDP.format(address="127.0.0.1", port=9, direction="sendrecv", codecs="0 121", version=1)
    head = [
        "Via: SIP/2.0/TCP 127.0.0.1:{port};branch=z9hG4bK{branch}", f"From: <sip:alice@127.0.0.1:{port}>;tag=1",
        f"Call-ID: {call_id}", f"Contact: <sip:alice@127.0.0.1:{port};transport=tcp>", "Max-Forwards: 70",
    ]  # fmt: skip

    def say(method: str, to: str, content: str) -> None:
        lines = [
            f"{method} sip:svc@127.0.0.1:{task.sip_port};transport=tcp SIP/2.0",
            *(line.format(port=port, branch=uuid.uuid4().hex) for line in head), f"To: {to}", f"CSeq: 1 {method}",
            "Content-Type: application/sdp", f"Content-Length: {len(content)}", "", content,
        ]  # fmt: skip
        connection.sendall("\r\n".join(lines).encode())

    say("INVITE", f"<sip:svc@127.0.0.1:{task.sip_port}>", body)
    text = ""
    while "SIP/2.0 200" not in text or "\r\n\r\nv=0" not in text:
        text += connection.recv(65535).decode()
    answer = text[text.index("SIP/2.0 200") :]
    to = next(line for line in answer.split("\r\n") if line.startswith("To: "))
    if acknowledges:
        say("ACK", to.removeprefix("To: "), "")


@pytest.mark.parametrize(
    "breaks",
    ["leg_invited", "leg_provisional", "leg_answered", "leg_media", "leg_ended", "_dial", "_was_bridged"],
)
def test_session_in_which_our_own_code_fails_ends(tmp_path: Path, peers: Make, breaks: str) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}, MEDIA_TIMEOUT_SECONDS="0", BREAKS=breaks) as task:
        caller = called(peers, task)
        wait_until(lambda: callee.waiting() or caller.count("BYE"))
        if callee.waiting():
            invite = callee.expect("INVITE")
            callee.reply(invite, "180 Ringing")
            callee.answer(invite)
        if breaks == "leg_ended":
            caller.hang_up()
        task.wait_idle(GONE_SECONDS + 6)
    assert task.process.returncode == 0
