"""Text that is not UTF-8, non-characters, and names that are too long, over real SIP (docs/contract.md §7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chalicelib.calls.protocol import encode
from tests.signaling.documents import AFTER, MAIN, dial, sip
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.task import Task, action, called, task_running
from tests.waiting import wait_until

HOOK = 'statusCallback="http://app.example/s"'
SAY = "<Response><Say>Hello</Say></Response>"


def bytes_of(data: bytes) -> str:
    """As ``Peer`` takes them."""
    return data.decode(errors="surrogateescape")


def came(task: Task) -> dict[str, Any]:
    [event] = wait_until(lambda: task.events("incoming"))
    encode(event)
    return dict(event)


def called_by(peers: Make, task: Task, name: bytes, *lines: bytes) -> Caller:
    caller: Caller = peers(Caller, task.sip_port)
    caller.name = bytes_of(name)
    caller.call(*map(bytes_of, lines))
    caller.picked_up()
    return caller


def test_leg_that_answers_486_in_latin_1_removes_only_itself(tmp_path: Path, peers: Make) -> None:
    busy, good = peers(Peer), peers(Peer)
    document = dial(sip(busy, HOOK), sip(good), attributes=f'action="{AFTER}"')
    with task_running(tmp_path, {MAIN: document, AFTER: "<Response/>"}) as task:
        caller = called(peers, task)
        invite = busy.expect("INVITE")
        busy.reply(
            invite, bytes_of(b"486 Occup\xe9"), bytes_of(b"X-Bad: caf\xe9"), bytes_of(b"X-Good: caf\xc3\xa9")
        )
        good.answer(good.expect("INVITE"))
        good.expect("ACK")
        [ended] = wait_until(lambda: task.events("ended"))
        assert (ended["reason"], ended["headers"]) == ("Occupé", [["X-Bad", "café"], ["X-Good", "café"]])
        wait_until(lambda: task.events("bridged"))
        assert caller.count("BYE") == good.count("BYE") == 0
        caller.hang_up()
        good.expect("BYE")
        assert action(task)["DialCallStatus"] == "completed"
        task.wait_idle()
    [completed] = [c["parameters"] for c in task.entries("callback") if c["event"] == "completed"]
    assert completed["SipResponseReason"] == "Occupé"


@pytest.mark.parametrize("status", [b"180 Sonn\xe9", b"183 \xef\xbf\xbf", b"200 Tr\xe8s bien"])
def test_leg_that_answers_in_latin_1_is_bridged(tmp_path: Path, peers: Make, status: bytes) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        caller = called(peers, task)
        invite = callee.expect("INVITE")
        if not status.startswith(b"200"):
            callee.reply(invite, bytes_of(status))
            wait_until(lambda: task.events("provisional"))
        callee.reply(invite, bytes_of(b"200 " + status[4:]), bytes_of(b"X-Bad: \xe9\xff"), sdp="sendrecv")
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        callee.expect("BYE")
        task.wait_idle()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b'"Ren\xe9"', "René"),
        (b'"Ren\xc3\xa9"', "René"),
        (b'"a\xef\xbf\xbfb"', "a\ufffdb"),
        (b'"a\x01b"', "a\ufffdb"),
        (b'"' + b"n" * 2000 + b'"', "n" * 255),
    ],
)
def test_name_of_a_caller_is_text_that_is_bounded_and_he_is_answered(
    tmp_path: Path, peers: Make, name: bytes, told: str
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        caller = called_by(peers, task, name)
        callee.answer(callee.expect("INVITE"))
        callee.expect("ACK")
        assert came(task)["caller_name"] == told
        caller.hang_up()
        callee.expect("BYE")
        task.wait_idle()


def test_one_bad_header_of_a_caller_does_not_spoil_the_others(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: SAY}) as task:
        called_by(
            peers,
            task,
            '"Renée"'.encode(),
            b"X-Bad: caf\xe9",
            "X-Good: 東京".encode(),
            b"X-Long: " + b"x" * 3000,
        )
        event = came(task)
    assert event["caller_name"] == "Renée"
    assert event["headers"] == [["X-Bad", "café"], ["X-Good", "東京"], ["X-Long", "x" * 1024]]


def test_headers_beyond_the_bounds_are_left_out(tmp_path: Path, peers: Make) -> None:
    lines = [b"X-%d: %s" % (number, b"v" * 100) for number in range(100)]
    with task_running(tmp_path, {MAIN: SAY}) as task:
        called_by(peers, task, b"", *lines)
        event = came(task)
    assert [name for name, _ in event["headers"]] == [f"X-{number}" for number in range(64)]


@pytest.mark.parametrize(
    "target",
    [f"sip:svc@{'h' * 2143}", f"sip:svc@{'h.' * 127}", f"sip:{'u' * 1100}@127.0.0.1", f"tel:+{'1' * 300}"],
)
def test_request_uri_that_is_too_long_gets_414_and_the_task_goes_on(
    tmp_path: Path, peers: Make, target: str
) -> None:
    with task_running(tmp_path, {MAIN: SAY}) as task:
        stranger = peers(Caller, task.sip_port)
        stranger.call(target=target)
        stranger.expect("SIP/2.0 414")
        task.wait_idle()
        called(peers, task)
        assert len(task.events("incoming")) == 1


def test_info_that_names_what_is_no_key_is_no_key(tmp_path: Path, peers: Make) -> None:
    document = f'<Response><Gather action="{AFTER}" numDigits="2"/></Response>'
    with task_running(tmp_path, {MAIN: document, AFTER: "<Response/>"}) as task:
        caller = called(peers, task)
        for signal in ("1", bytes_of(b"\xe9"), "x", "2"):
            caller.info("application/dtmf-relay", f"Signal={signal}\r\nDuration=160\r\n")
            caller.expect("SIP/2.0")
        [performed] = wait_until(lambda: task.events("performed"))
        assert performed["digits"] == "12"
