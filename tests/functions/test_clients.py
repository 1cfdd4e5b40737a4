"""``<Client>``: the step function looks its contacts up, with one request however many clients a Dial has."""

from __future__ import annotations

import pytest
from chalice.test import Client

from chalicelib.calls.commands import DialLegs, OutboundLeg
from chalicelib.calls.protocol import StepResponse
from chalicelib.calls.step import step as pure_step
from chalicelib.registrar.contacts import Contact, Contacts
from chalicelib.storage import aws
from tests.storage.cloud import ACCOUNT, CALLER, Cloud
from tests.storage.step_requests import fetched, incoming, request

AOR = "sip:alice@voice.example.com"


@pytest.fixture
def asked(step: Client) -> list[str]:
    """The reads of the function, by operation."""
    operations: list[str] = []
    events = aws.dynamodb().meta.events
    events.register("before-call.dynamodb", lambda model, **rest: operations.append(model.name))
    return operations


def register(cloud: Cloud, name: str, *hosts: str) -> None:
    found = tuple(
        Contact(
            uri=f"sip:{name}@{host}", received=f"sip:{host};transport=udp", expires_at=4e9, registered_at=1e9,
            aor=AOR,
        )
        for host in hosts
    )  # fmt: skip
    Contacts(cloud.table).change(ACCOUNT, name, lambda before: found)


def dialled(cloud: Cloud, step: Client, nouns: str) -> StepResponse:
    document = f'<Response><Dial action="/after">{nouns}</Dial></Response>'
    return cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())), document)))


def legs(answer: StepResponse) -> list[OutboundLeg]:
    return [leg for command in answer.commands if isinstance(command, DialLegs) for leg in command.legs]


def test_each_contact_of_a_client_is_a_leg(cloud: Cloud, step: Client) -> None:
    register(cloud, "alice", "192.0.2.1", "192.0.2.2")
    found = legs(dialled(cloud, step, "<Client>alice?X-A=1</Client><Sip>sip:bob@example.net</Sip>"))
    assert [leg.uri for leg in found] == ["sip:alice@192.0.2.1", "sip:alice@192.0.2.2", "sip:bob@example.net"]
    assert [leg.received for leg in found] == [
        "sip:192.0.2.1;transport=udp",
        "sip:192.0.2.2;transport=udp",
        "",
    ]
    assert [leg.to for leg in found] == [AOR, AOR, ""]
    assert all(("X-A", "1") in leg.headers for leg in found[:2])


def test_ten_clients_cost_one_request_and_none_costs_none(
    cloud: Cloud, step: Client, asked: list[str]
) -> None:
    for number in range(10):
        register(cloud, f"c{number}", f"192.0.2.{number}")
    nouns = "".join(f"<Client>c{number}</Client>" for number in range(10))
    assert len(legs(dialled(cloud, step, nouns))) == 10
    assert asked.count("BatchGetItem") == 1
    asked.clear()
    cloud.step(step, request(0, incoming("CA" + "b" * 32)))
    assert "BatchGetItem" not in asked


def test_client_that_is_not_registered_is_32009_and_the_dial_fails(cloud: Cloud, step: Client) -> None:
    answer = dialled(cloud, step, "<Client>nobody</Client>")
    assert legs(answer) == []
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert [problem.code for problem in last.problems] == [32009]
    [child] = last.gone
    assert (child.to, child.status, child.error) == ("client:nobody", "failed", 32009)


def test_clients_of_another_account_cannot_be_called(cloud: Cloud, step: Client) -> None:
    stranger = Contact(uri="sip:a@192.0.2.1", received="", expires_at=4e9, registered_at=1e9)
    Contacts(cloud.table).change("AC" + "9" * 32, "alice", lambda before: (stranger,))
    assert legs(dialled(cloud, step, "<Client>alice</Client>")) == []


def test_log_alone_gives_the_same_step_again(cloud: Cloud, step: Client) -> None:
    register(cloud, "alice", "192.0.2.1")
    dialled(cloud, step, "<Client>alice</Client>")
    Contacts(cloud.table).change(ACCOUNT, "alice", lambda before: ())
    first, second = cloud.log.history(CALLER)
    again = pure_step(first.state, second.events[0])
    assert again.session == second.state
    assert again.commands == second.commands


def test_same_request_again_has_the_same_legs_though_the_client_has_gone(cloud: Cloud, step: Client) -> None:
    register(cloud, "alice", "192.0.2.1")
    asked_again = request(1, fetched(cloud.step(step, request(0, incoming())), "<Response><Dial><Client>alice"
                                     "</Client></Dial></Response>"))  # fmt: skip
    once = cloud.step(step, asked_again)
    Contacts(cloud.table).change(ACCOUNT, "alice", lambda before: ())
    assert cloud.step(step, asked_again) == once
