"""What Restcomm's suite dials as Client and Number, in four of its classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.signaling.accounts import alice, contact
from tests.signaling.documents import AFTER, MAIN, dial, sip
from tests.signaling.peer import Make, Peer
from tests.signaling.restcomm.scenario_steps import ACTION, ALL, EVENTS, fetched, reported, rings
from tests.signaling.task import Task, called, task_running
from tests.waiting import wait_until

HOOK = f'statusCallback="{EVENTS}" statusCallbackEvent="{ALL}"'
SCREEN = "http://app.example/screen"


def account(client: Peer, carrier: Peer) -> str:
    """Alice is registered as ``client``, and numbers go to ``carrier``."""
    trunk = {"host": f"127.0.0.1:{carrier.port}"}
    return json.dumps(alice(contact(client.uri, ""), policy={"trunks": [trunk]}))


def events_of(task: Task, to: str) -> list[str]:
    """Event and SequenceNumber of each callback about the leg to ``to``, once it is over."""

    def found() -> list[str]:
        told = [c["parameters"] for c in task.entries("callback") if c["parameters"]["To"] == to]
        return [f"{one['StatusCallbackEvent']} {one['SequenceNumber']}" for one in told]

    wait_until(lambda: any(one.startswith("completed") for one in found()))
    return found()


@pytest.mark.parametrize(
    ("noun", "to"),
    [(f"<Number {HOOK}>+4930</Number>", "+4930"), (f"<Client {HOOK}>alice</Client>", "client:alice")],
)
def test_number_and_client_report_four_events(tmp_path: Path, peers: Make, noun: str, to: str) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(noun)}, ACCOUNT=account(callee, callee)) as task:
        caller = called(peers, task)
        callee.answer(rings(callee))
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        assert events_of(task, to) == ["initiated 0", "ringing 1", "answered 2", "completed 3"]


def test_fork_of_client_sip_and_number_with_one_answer_reports_ten_events(
    tmp_path: Path, peers: Make
) -> None:
    client, henrique, carrier = (peers(Peer) for _ in range(3))
    document = dial(f"<Client {HOOK}>alice</Client>", reported(henrique), f"<Number {HOOK}>+4930</Number>")
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=account(client, carrier)) as task:
        caller = called(peers, task)
        rings(client), rings(carrier)
        henrique.answer(rings(henrique))
        client.expect("CANCEL"), carrier.expect("CANCEL")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        for to in ("client:alice", "+4930"):
            assert events_of(task, to) == ["initiated 0", "ringing 1", "completed 2"]
        assert len(events_of(task, henrique.uri)) == 4
        task.wait_idle()


@pytest.mark.parametrize("url", [SCREEN, "/screen"])
def test_client_is_screened_whether_the_url_is_absolute_or_relative(
    tmp_path: Path, peers: Make, url: str
) -> None:
    client = peers(Peer)
    pages = {
        MAIN: dial(f'<Client url="{url}">alice</Client>'),
        SCREEN: '<Response><Pause length="1"/></Response>',
    }
    with task_running(tmp_path, pages, ACCOUNT=account(client, client)) as task:
        called(peers, task)
        client.answer(client.expect("INVITE"))
        [request] = fetched(task, SCREEN)
        assert request["To"] == "client:alice"
        wait_until(lambda: task.events("bridged"))


def test_client_whose_screening_document_is_wrong_is_out_and_the_caller_stays(
    tmp_path: Path, peers: Make
) -> None:
    client, bob = peers(Peer), peers(Peer)
    pages = {MAIN: dial(f'<Client url="{SCREEN}">alice</Client>', sip(bob)), SCREEN: "<Wrong/>"}
    with task_running(tmp_path, pages, ACCOUNT=account(client, client)) as task:
        caller = called(peers, task)
        client.answer(client.expect("INVITE"))
        client.expect("BYE")
        bob.answer(bob.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))
        assert caller.count("BYE") == 0


def test_recorded_dial_of_a_client_tells_where_the_recording_is(tmp_path: Path, peers: Make) -> None:
    client = peers(Peer)
    pages = {MAIN: dial("<Client>alice</Client>", attributes=f'record="true" {ACTION}'), AFTER: "<Response/>"}
    with task_running(tmp_path, pages, ACCOUNT=account(client, client)) as task:
        called(peers, task)
        invite = client.expect("INVITE")
        client.answer(invite)
        wait_until(lambda: task.events("bridged"))
        client.request("BYE", invite)
        [request] = fetched(task)
        assert request["RecordingUrl"].endswith(f"/{request['RecordingSid']}.wav")


def test_number_that_the_carrier_forbids_is_failed_with_its_code(tmp_path: Path, peers: Make) -> None:
    carrier = peers(Peer)
    pages = {MAIN: dial("<Number>+4930</Number>", attributes=ACTION), AFTER: "<Response/>"}
    with task_running(tmp_path, pages, ACCOUNT=account(carrier, carrier)) as task:
        called(peers, task)
        carrier.reply(carrier.expect("INVITE"), "403 Forbidden")
        [request] = fetched(task)
        assert (request["DialCallStatus"], request["DialSipResponseCode"]) == ("failed", "403")


def test_carrier_that_answers_404_to_our_bye_ends_the_call_all_the_same(tmp_path: Path, peers: Make) -> None:
    carrier = peers(Peer)
    with task_running(
        tmp_path, {MAIN: dial(f"<Number {HOOK}>+4930</Number>")}, ACCOUNT=account(carrier, carrier)
    ) as task:
        caller = called(peers, task)
        carrier.answer(carrier.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))
        carrier.automatic = False
        caller.hang_up()
        carrier.reply(carrier.expect("BYE"), "404 Not Found")
        assert events_of(task, "+4930")[-1].startswith("completed")
        task.wait_idle()


@pytest.mark.parametrize("written", ["+49 (30) 12-34", "+49301234"])
def test_number_is_dialled_without_separators_and_shows_the_callers_own_from(
    tmp_path: Path, peers: Make, written: str
) -> None:
    carrier = peers(Peer)
    document = dial(f"<Number>{written}</Number>")
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=account(carrier, carrier)) as task:
        called(peers, task)
        invite = carrier.expect("INVITE")
        assert invite.line.startswith("INVITE sip:+49301234@")
        assert "<sip:alice@127.0.0.1>" in invite.header("from")


@pytest.mark.parametrize("client_first", [True, False])
def test_fork_goes_on_without_a_client_that_is_not_registered(
    tmp_path: Path, peers: Make, client_first: bool
) -> None:
    bob = peers(Peer)
    nouns = [f"<Client {HOOK}>nobody</Client>", sip(bob)]
    document = dial(*(nouns if client_first else nouns[::-1]))
    with task_running(tmp_path, {MAIN: document}) as task:
        called(peers, task)
        bob.answer(bob.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))
        assert events_of(task, "client:nobody") == ["completed 0"]


def test_client_that_is_not_registered_is_followed_by_the_next_dial(tmp_path: Path, peers: Make) -> None:
    client = peers(Peer)
    document = "<Response><Dial><Client>nobody</Client></Dial><Dial><Client>alice</Client></Dial></Response>"
    with task_running(tmp_path, {MAIN: document}, ACCOUNT=account(client, client)) as task:
        called(peers, task)
        client.answer(client.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))


@pytest.mark.parametrize("noun", ["<Number>+4930?mine=1</Number>", "<Client>alice?mine=1</Client>"])
def test_custom_header_of_a_number_and_of_a_client_arrives(tmp_path: Path, peers: Make, noun: str) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(noun)}, ACCOUNT=account(callee, callee)) as task:
        called(peers, task)
        assert callee.expect("INVITE").header("x-mine") == "1"
