"""REGISTER from end to end: the challenge, the registration, and a softphone of another stack (docs/registrar.md)."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sip.message import Message
from signaling.registrar.inbox import Request
from tests.digest import parameter
from tests.signaling.documents import MAIN
from tests.waiting import wait_until

from .peer import Caller
from .registrant import CLIENTS, DOMAIN, OK, Registrant, contacts, registrations
from .softphone import registering_softphone
from .task import Task, task_running

FORBIDDEN = "SIP/2.0 403 Forbidden"


@pytest.fixture
def task(tmp_path: Path) -> Iterator[Task]:
    with task_running(tmp_path, {MAIN: "<Response><Hangup/></Response>"}, **CLIENTS) as running:
        yield running


@pytest.fixture
def telephone(task: Task, peers: Callable[..., Any]) -> Callable[..., Registrant]:
    return lambda *arguments, **keys: peers(Registrant, task.sip_port, *arguments, **keys)


# --- the challenge ---


def test_challenge_offers_sha_256_first_and_md5(task: Task, telephone: Callable[..., Registrant]) -> None:
    challenge = telephone().ask()
    assert challenge.line == "SIP/2.0 401 Unauthorized"
    offered = [value for name, value in challenge.headers() if name == "WWW-Authenticate"]
    assert [parameter(value, "algorithm") for value in offered] == ["SHA-256", "MD5"]
    assert all(parameter(value, "realm") == DOMAIN and parameter(value, "qop") == "auth" for value in offered)
    assert not any(parameter(value, "stale") for value in offered)
    assert registrations(task) == []


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_telephone_registers(
    task: Task, telephone: Callable[..., Registrant], algorithm: str, kind: str
) -> None:
    phone = telephone(kind)
    response = phone.register("Expires: 120", algorithm=algorithm)
    assert response.line == OK
    assert contacts(response) == [f"{phone.contact};expires=120"]
    (asked,) = registrations(task)
    assert asked["received"] == f"sip:127.0.0.1:{phone.port};transport={kind}"
    assert asked["task"] == "t1"


def test_wrong_password_and_unknown_name_are_answered_alike(telephone: Callable[..., Registrant]) -> None:
    wrong = telephone(password="wrong").register()
    unknown = telephone(name="nobody").register()
    assert wrong.line == unknown.line == FORBIDDEN
    assert {name for name, _ in wrong.headers()} == {name for name, _ in unknown.headers()}


def test_challenge_is_good_for_more_than_one_register(
    task: Task, telephone: Callable[..., Registrant]
) -> None:
    phone = telephone()
    assert [phone.register().line for _ in range(3)] == [OK] * 3
    assert len(registrations(task)) == 3


def test_nonce_of_another_task_is_stale_and_the_next_one_is_good(
    task: Task, tmp_path: Path, telephone: Callable[..., Registrant], peers: Callable[..., Any]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with task_running(other, {}, **CLIENTS) as elsewhere:
        stranger = peers(Registrant, elsewhere.sip_port)
        challenge = stranger.ask()
    phone = telephone()
    phone.obey(challenge)
    response = phone.ask(phone.proof())
    assert response.line == "SIP/2.0 401 Unauthorized"
    assert parameter(response.header("www-authenticate"), "stale") == "true"
    assert registrations(task) == []
    phone.obey(response)
    assert phone.ask(phone.proof()).line == OK


def test_proof_that_was_used_is_not_good_again(task: Task, telephone: Callable[..., Registrant]) -> None:
    phone = telephone()
    phone.obey(phone.ask())
    proof = phone.proof()
    assert phone.ask(proof).line == OK
    again = phone.ask(proof)
    assert parameter(again.header("www-authenticate"), "stale") == "true"
    assert len(registrations(task)) == 1


@pytest.mark.parametrize(
    "line", ["Authorization: Digest nonsense", 'Authorization: Digest username="a", qop=auth', "Contact: <tel:1>"]
)  # fmt: skip
def test_malformed_register_is_told_so(telephone: Callable[..., Registrant], line: str) -> None:
    phone = telephone()
    response = phone.register(line) if line.startswith("Contact") else phone.ask(line)
    assert response.line == "SIP/2.0 400 Bad Request"


@pytest.mark.parametrize(
    ("to", "realm"),
    [
        ("<sip:alice@Example.com:5070;x=y>;tag=1", "example.com"),
        ("sip:alice@[2001:DB8::1]", "[2001:db8::1]"),
        ('<sip:alice@a"b>', ""),
        ("<sip:alice@a\\b>", ""),
        ("<sip:alice@a, stale=true>", ""),
        (f"<sip:alice@{'h' * 300}>", ""),
        ("<sip:alice@\ufffd>", ""),
        ("<tel:+49>", ""),
        ("", ""),
    ],
)
def test_realm_is_the_domain_of_the_address_of_record_and_nothing_that_ends_its_quotes(
    to: str, realm: str
) -> None:
    message = Message(f"REGISTER sip:h SIP/2.0\r\nTo: {to}\r\n")
    assert Request(1, "udp", "203.0.113.7:5060", message).realm == realm


def test_hostile_bytes_leave_the_registrar_working(task: Task, telephone: Callable[..., Registrant]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        phone = telephone()
        for change in (
            (b"alice@127", b"\xff\xfe@127"), (b"Contact: ", b"Contact: \x00"),
            (b"Max-", b"X: " + b"y" * 7000 + b"\r\nMax-"),
            (b"Contact: ", b"Contact: " + b"<sip:a@h>," * 500),
            (b"CSeq: ", b"CSeq: 99999999999"), (b"Call-ID: ", b"X: "),
            (b"Content-Length: 0", b"Authorization: Digest " + b"a=b," * 1000),
        ):  # fmt: skip
            raw.sendto(phone.text().encode().replace(*change), ("127.0.0.1", task.sip_port))
    assert telephone().register().line == OK


# --- the registration ---


def test_brief_registration_is_told_the_least(telephone: Callable[..., Registrant]) -> None:
    response = telephone().register("Expires: 30")
    assert (response.line, response.header("min-expires")) == ("SIP/2.0 423 Interval Too Brief", "60")


def test_telephone_leaves(telephone: Callable[..., Registrant]) -> None:
    phone = telephone()
    other = telephone()
    phone.register()
    assert len(contacts(other.register())) == 2
    assert contacts(phone.register("Expires: 0")) == [f"{other.contact};expires=3600"]
    assert contacts(other.register("Contact: *", "Expires: 0")) == []


def test_retransmission_is_answered_once_more_and_registered_once(
    task: Task, telephone: Callable[..., Registrant]
) -> None:
    phone = telephone()
    phone.obey(phone.ask())
    text = phone.text(phone.proof())
    phone.send(text)
    first = phone.receive()
    phone.send(text)
    assert phone.receive().text == first.text
    assert first.line == OK
    assert len(registrations(task)) == 1


def test_retransmission_that_comes_before_the_answer_is_absorbed(
    tmp_path: Path, peers: Callable[..., Any]
) -> None:
    with task_running(tmp_path, {}, REGISTER_TAKES="1", **CLIENTS) as task:
        phone = peers(Registrant, task.sip_port)
        phone.obey(phone.ask())
        text = phone.text(phone.proof())
        for _ in range(3):
            phone.send(text)
        wait_until(lambda: registrations(task))
        phone.send(text)
        assert phone.receive().line == OK
        assert phone.silent(0.5)
        assert len(registrations(task)) == 1


def test_telephone_that_went_before_its_answer_does_no_harm(
    tmp_path: Path, peers: Callable[..., Any]
) -> None:
    with task_running(tmp_path, {}, REGISTER_TAKES="1", **CLIENTS) as task:
        gone = peers(Registrant, task.sip_port, "tcp")
        gone.obey(gone.ask())
        gone.send(gone.text(gone.proof()))
        wait_until(lambda: registrations(task))
        gone.close()
        assert peers(Registrant, task.sip_port).register().line == OK


def test_task_that_drains_takes_no_registration(tmp_path: Path, peers: Callable[..., Any]) -> None:
    pause = "<Response><Pause length='30'/></Response>"
    with task_running(tmp_path, {MAIN: pause}, **CLIENTS, DRAIN_SECONDS="5") as task:
        peers(Caller, task.sip_port).call()
        wait_until(lambda: task.health()["sessions"])
        phone = peers(Registrant, task.sip_port)
        task.process.send_signal(signal.SIGTERM)
        wait_until(lambda: task.health()["draining"])
        assert phone.ask().line == "SIP/2.0 503 Service Unavailable"


def test_failing_register_function_is_not_the_telephones_fault(
    tmp_path: Path, peers: Callable[..., Any]
) -> None:
    with task_running(tmp_path, {}, CLIENTS=CLIENTS["CLIENTS"], REGISTER_TAKES="-1") as task:
        phone = peers(Registrant, task.sip_port)
        assert phone.register().line == "SIP/2.0 503 Service Unavailable"
        assert phone.ask().line == "SIP/2.0 401 Unauthorized"


def test_register_function_that_hangs_keeps_no_telephone_waiting_for_ever(
    tmp_path: Path, peers: Callable[..., Any]
) -> None:
    """Before a telephone gives up by itself, after 32 s (RFC 3261 §17.1.2.2, timer F)."""
    with task_running(tmp_path, {}, REGISTER_TAKES="24", **CLIENTS) as task:
        phone = peers(Registrant, task.sip_port)
        phone.obey(phone.ask())
        phone.send(phone.text(phone.proof()))
        assert phone.silent(18)
        assert phone.receive().line == "SIP/2.0 503 Service Unavailable"
        assert phone.silent(6), "the answer that came too late was sent all the same"


# --- another stack ---


def test_softphone_registers_and_leaves(task: Task) -> None:
    with registering_softphone(task.sip_port, "alice", "wonderland") as phone:
        wait_until(lambda: 200 in phone.of("registered"))
        phone.leave()
        wait_until(lambda: phone.of("registered")[-1:] == [200] and len(phone.of("registered")) == 2)
    first, last = registrations(task)
    assert first["contacts"]
    assert "algorithm=SHA-256" in first["authorization"]
    assert last.get("expires") == "0" or "expires=0" in str(last["contacts"])


def test_softphone_with_a_wrong_password_hears_403(task: Task) -> None:
    with registering_softphone(task.sip_port, "alice", "looking-glass") as phone:
        wait_until(lambda: phone.of("registered") == [403])


def test_no_credential_is_logged(task: Task, tmp_path: Path, telephone: Callable[..., Registrant]) -> None:
    phone = telephone()
    phone.obey(phone.ask())
    proof = phone.proof()
    phone.ask(proof)
    telephone(password="wrong").register()
    phone.ask("Authorization: Digest nonsense")
    said = task.output()
    assert parameter(proof, "response") not in said
    assert "wonderland" not in said
