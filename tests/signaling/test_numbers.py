"""``<Number>`` goes out through a trunk of the account, ``<Sip>`` through its outbound proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.digest import WWW, challenge, is_right
from tests.signaling.documents import AFTER, MAIN, dial, sip
from tests.signaling.memory_stores import ACCOUNT
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.task import action, called, task_running
from tests.waiting import wait_until


def through(*trunks: dict[str, Any], **policy: Any) -> dict[str, Any]:
    return {"policy": {"trunks": trunks} | policy}


def carried(carrier: Peer) -> str:
    """An account whose numbers all go to ``carrier``."""
    return json.dumps(through({"host": f"127.0.0.1:{carrier.port}"}))


def number(text: str, attributes: str = "") -> str:
    return f"<Number {attributes}>{text}</Number>"


def test_number_is_dialled_at_the_trunk_with_its_credentials_and_from(tmp_path: Path, peers: Make) -> None:
    carrier, other = peers(Peer), peers(Peer)
    trunk = {
        "host": f"127.0.0.1:{carrier.port}", "prefixes": ["+49"], "strip": 1, "prepend": "00",
        "credential_ref": "carrier", "from_host": "carrier.example.com", "user_phone": True,
    }  # fmt: skip
    account = through({"host": f"127.0.0.1:{other.port}"}, trunk)
    account["secrets"] = {f"{ACCOUNT}/carrier": ["alice", "wonderland"]}
    document = dial(number("+49 (30) 1234?dept=sales"), attributes='callerId="+4940"')
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=json.dumps(account)) as task:
        called(peers, task)
        carrier.reply(carrier.expect("INVITE"), WWW, challenge("carrier", "n1"))
        invite = carrier.expect("INVITE")
        assert invite.line == f"INVITE sip:0049301234@127.0.0.1:{carrier.port};user=phone SIP/2.0"
        assert is_right(invite)
        assert invite.header("from").startswith("<sip:+4940@carrier.example.com>;tag=")
        assert invite.header("x-dept") == "sales"
        carrier.answer(invite)
        wait_until(lambda: task.events("bridged"))
        assert other.count("INVITE") == 0
        assert "wonderland" not in (tmp_path / "log.jsonl").read_text() + task.output()


def test_number_without_a_trunk_fails_alone_and_the_sip_beside_it_rings(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(number("+1415"), sip(callee))}) as task:
        called(peers, task)
        callee.answer(callee.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))


def test_busy_number_ends_the_dial_as_busy(tmp_path: Path, peers: Make) -> None:
    carrier = peers(Peer)
    documents = {MAIN: dial(number("+1415"), attributes=f'action="{AFTER}"'), AFTER: "<Response/>"}
    with task_running(tmp_path, documents, ACCOUNT=carried(carrier)) as task:
        called(peers, task)
        carrier.reply(carrier.expect("INVITE"), "486 Busy Here")
        assert action(task)["DialCallStatus"] == "busy"


def test_digits_are_pressed_before_the_bridge(tmp_path: Path, peers: Make) -> None:
    ear, exchange = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    carrier = peers(Peer, exchange.port)
    document = dial(number("+1415", 'sendDigits="w12w#"'))
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=carried(carrier)) as task:
        called(peers, task, ear.port)
        carrier.answer(carrier.expect("INVITE"))
        wait_until(lambda: exchange.digits == "12#")
        wait_until(lambda: ear.hears(CALLEE_TONE) and exchange.hears(CALLER_TONE))
        [bridged], [answered] = task.events("bridged"), task.events("answered")[1:]
        assert bridged["at"] - answered["at"] > 1.0  # two waits of half a second, three keys


def test_callee_who_leaves_while_digits_are_pressed_is_not_bridged(tmp_path: Path, peers: Make) -> None:
    carrier = peers(Peer)
    documents = {
        MAIN: dial(number("+1415", 'sendDigits="wwww1"'), attributes=f'action="{AFTER}"'), AFTER: "<Response/>"
    }  # fmt: skip
    with task_running(tmp_path, documents, ACCOUNT=carried(carrier)) as task:
        called(peers, task)
        invite = carrier.expect("INVITE")
        carrier.answer(invite)
        carrier.expect("ACK")
        carrier.request("BYE", invite)
        assert action(task)["DialBridged"] == "false"
        assert task.events("bridged") == []


def test_sip_goes_through_the_outbound_proxy_which_a_route_names(tmp_path: Path, peers: Make) -> None:
    proxy = peers(Peer)
    account = through(outbound_proxy=f"sip:127.0.0.1:{proxy.port}")
    document = dial(
        '<Sip username="alice" password="wonderland">sip:bob@no.such.host.example;transport=tcp</Sip>'
    )
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=json.dumps(account)) as task:
        caller = called(peers, task)
        proxy.reply(proxy.expect("INVITE"), WWW, challenge("far", "n1"))
        invite = proxy.expect("INVITE")
        assert invite.line == "INVITE sip:bob@no.such.host.example;transport=tcp SIP/2.0"
        assert invite.header("route") == f"<sip:127.0.0.1:{proxy.port};lr>"
        assert is_right(invite)
        proxy.answer(invite)
        proxy.expect("ACK")
        caller.hang_up()
        proxy.expect("BYE")
        task.wait_idle()


def test_rules_of_the_account_judge_the_callee_and_not_its_proxy(tmp_path: Path, peers: Make) -> None:
    proxy = peers(Peer)
    account = through(
        outbound_proxy=f"sip:127.0.0.1:{proxy.port}", rules={"allowed_hosts": ["good.example.com"]}
    )
    document = dial("sip:a@bad.example.com", "sip:b@good.example.com")
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=json.dumps(account)) as task:
        caller: Caller = called(peers, task)
        assert proxy.expect("INVITE").line == "INVITE sip:b@good.example.com SIP/2.0"
        caller.hang_up()
        proxy.expect("CANCEL", 1) if proxy.waiting() else None
    assert proxy.count("INVITE sip:a@") == 0


@pytest.mark.parametrize(
    ("uri", "rules"),
    [
        ("sip:a@169.254.169.254", {}),
        ("sip:a@any.example.com", {"allowed_hosts": ["203.0.113.0/24"]}),
        ("sip:a@198.51.100.9", {"refused_hosts": ["198.51.100.0/24"]}),
    ],
)
def test_proxy_gets_no_callee_whom_guard_or_rules_refuse(
    tmp_path: Path, peers: Make, uri: str, rules: dict[str, list[str]]
) -> None:
    proxy = peers(Peer)
    account = through(outbound_proxy=f"sip:127.0.0.1:{proxy.port}", rules=rules)
    documents = {MAIN: dial(uri, attributes=f'action="{AFTER}"'), AFTER: "<Response/>"}
    with task_running(tmp_path, documents, ACCOUNT=json.dumps(account)) as task:
        called(peers, task)
        assert '"errorCode":13254' in action(task)["DialLegs"]
    assert proxy.count("INVITE") == 0
