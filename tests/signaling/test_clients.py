"""``<Client>``: every telephone that the client registered rings, where its REGISTER came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callapi.processes import free_port
from tests.signaling.accounts import AOR, alice, contact
from tests.signaling.documents import AFTER, HOOK, MAIN, dial, sip
from tests.signaling.peer import Make, Peer
from tests.signaling.task import action, called, task_running
from tests.waiting import wait_until

PRIVATE = "sip:alice@10.1.2.3:5060;ob"
"""A Contact behind NAT: the address guard would never let an INVITE go there."""


def came_from(peer: Peer) -> str:
    return f"sip:127.0.0.1:{peer.port};transport=udp"


def client(name: str = "alice", attributes: str = "") -> str:
    return f"<Client {attributes}>{name}</Client>"


def test_client_behind_nat_is_called_where_its_register_came_from(tmp_path: Path, peers: Make) -> None:
    phone = peers(Peer)
    account = alice(contact(PRIVATE, came_from(phone)))
    documents = {MAIN: dial(client("alice?order=7"), attributes=f'action="{AFTER}"'), AFTER: "<Response/>"}
    with task_running(tmp_path, documents, ACCOUNT=json.dumps(account)) as task:
        called(peers, task)
        invite = phone.expect("INVITE")
        assert invite.line == f"INVITE {PRIVATE} SIP/2.0"
        assert invite.header("to") == f"<{AOR}>"
        assert invite.header("x-order") == "7"
        phone.answer(invite)
        wait_until(lambda: task.events("bridged"))
        phone.request("BYE", invite)
        assert action(task)["DialCallStatus"] == "completed"
        assert '"to":"client:alice"' in action(task)["DialLegs"]


def test_all_telephones_of_a_client_ring_and_the_first_who_answers_is_bridged(
    tmp_path: Path, peers: Make
) -> None:
    desk, mobile = peers(Peer), peers(Peer)
    account = alice(*(contact(peer.uri, came_from(peer)) for peer in (desk, mobile)))
    with task_running(tmp_path, {MAIN: dial(client(attributes=HOOK))}, ACCOUNT=json.dumps(account)) as task:
        caller = called(peers, task)
        first, second = desk.expect("INVITE"), mobile.expect("INVITE")
        desk.reply(first, "180 Ringing")
        mobile.answer(second)
        desk.expect("CANCEL")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        task.wait_idle()
        ends = [c["parameters"] for c in task.entries("callback") if c["event"] == "completed"]
        assert sorted(end["CallStatus"] for end in ends) == ["canceled", "completed"]
        assert {end["To"] for end in ends} == {"client:alice"}


def test_client_that_is_not_registered_fails_alone(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    documents = {
        MAIN: dial(client("nobody"), sip(callee), attributes=f'action="{AFTER}"'),
        AFTER: "<Response/>",
    }
    with task_running(tmp_path, documents) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        callee.expect("ACK")
        callee.request("BYE", invite)
        assert '"errorCode":32009' in action(task)["DialLegs"]
        assert action(task)["DialCallStatus"] == "completed"


def test_telephone_whose_connection_is_gone_is_called_at_its_contact(tmp_path: Path, peers: Make) -> None:
    phone = peers(Peer)
    gone = f"sip:127.0.0.1:{free_port()};transport=tcp"
    with task_running(
        tmp_path, {MAIN: dial(client())}, ACCOUNT=json.dumps(alice(contact(phone.uri, gone)))
    ) as task:
        called(peers, task)
        phone.answer(phone.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))


@pytest.mark.parametrize("rules", [{"allowed_hosts": ["voice.example.com"]}, {"refused_prefixes": ["+1900"]}])
def test_contact_that_the_rules_refuse_gets_no_invite_but_the_place_it_registered_from_does(
    tmp_path: Path, peers: Make, rules: dict[str, list[str]]
) -> None:
    phone, premium = peers(Peer), peers(Peer)
    uri = f"sip:+1900@localhost:{premium.port}"
    account = alice(
        contact(uri, came_from(phone)), contact(uri, f"sip:127.0.0.1:{free_port()};transport=tcp"),
        policy={"rules": rules},
    )  # fmt: skip
    documents = {MAIN: dial(client(), attributes=f'action="{AFTER}"'), AFTER: "<Response/>"}
    with task_running(tmp_path, documents, ACCOUNT=json.dumps(account)) as task:
        called(peers, task)
        phone.reply(phone.expect("INVITE"), "404 Not Found")
        assert action(task)["DialCallStatus"] == "failed"
    assert premium.count("INVITE") == 0


def test_telephone_that_only_its_contact_leads_to_is_called_there(tmp_path: Path, peers: Make) -> None:
    """A load balancer or a private network stands where the REGISTER came from."""
    phone = peers(Peer)
    account = alice(contact(phone.uri, "sip:10.9.8.7:5060;transport=udp"))
    with task_running(tmp_path, {MAIN: dial(client())}, ACCOUNT=json.dumps(account)) as task:
        called(peers, task)
        phone.answer(phone.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))
