from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.registrar.contacts import Contact, Contacts
from chalicelib.storage.table import Table, UnprocessedError

from .cloud import ACCOUNT, NOW, Cloud

OTHER = "AC" + "9" * 32


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def contacts(cloud: Cloud, clock: Clock) -> Contacts:
    return Contacts(cloud.table, clock)


def contact(host: str, q: float = 1.0, seconds: float = 60, age: float = 0) -> Contact:
    return Contact(
        uri=f"sip:alice@{host}", received="sip:203.0.113.7:5060;transport=udp", expires_at=NOW + seconds,
        registered_at=NOW - age, q=q, call_id=f"id-{host}", cseq=7, task="t1",
    )  # fmt: skip


def added(new: Contact) -> Any:
    return lambda before: (*before, new)


def test_contacts_of_many_clients_come_with_one_request(cloud: Cloud, contacts: Contacts) -> None:
    contacts.change(ACCOUNT, "alice", added(contact("10.0.0.1")))
    contacts.change(ACCOUNT, "bob", added(contact("10.0.0.2")))
    contacts.change(OTHER, "carol", added(contact("10.0.0.3")))
    requests: list[str] = []
    cloud.dynamodb.meta.events.register(
        "before-call.dynamodb", lambda model, **rest: requests.append(model.name)
    )
    found = contacts.of(ACCOUNT, ("alice", "bob", "carol", "alice"))
    assert requests == ["BatchGetItem"]
    assert found == {"alice": (contact("10.0.0.1"),), "bob": (contact("10.0.0.2"),), "carol": ()}


def test_no_client_needs_no_request(contacts: Contacts) -> None:
    assert contacts.of(ACCOUNT, ()) == {}


def test_most_wanted_contact_is_first_and_of_equal_ones_the_newest(contacts: Contacts) -> None:
    several = contact("old", age=9), contact("unwanted", q=0.1), contact("new", age=1)
    contacts.change(ACCOUNT, "alice", lambda before: several)
    assert [each.uri for each in contacts.of(ACCOUNT, ("alice",))["alice"]] == [
        "sip:alice@new", "sip:alice@old", "sip:alice@unwanted",
    ]  # fmt: skip


def test_expired_contact_is_none_though_dynamodb_has_not_deleted_it(contacts: Contacts, clock: Clock) -> None:
    contacts.change(
        ACCOUNT, "alice", lambda before: (contact("short", seconds=60), contact("long", seconds=90))
    )
    clock.now += 60
    assert contacts.of(ACCOUNT, ("alice",))["alice"] == (contact("long", seconds=90),)


def test_item_may_be_deleted_when_its_last_contact_has_expired(cloud: Cloud, contacts: Contacts) -> None:
    contacts.change(
        ACCOUNT, "alice", lambda before: (contact("short", seconds=60), contact("long", seconds=90))
    )
    (row,) = cloud.rows("client#")
    assert row["expires_at"] == {"N": str(int(NOW + 90))}


def test_of_two_registrations_at_a_time_none_is_lost(cloud: Cloud, contacts: Contacts) -> None:
    """Both read the same, and the second to write finds that the first has written meanwhile."""
    meeting = threading.Barrier(2)

    def register(name: str) -> None:
        asked = 0

        def rule(before: tuple[Contact, ...]) -> tuple[Contact, ...]:
            nonlocal asked
            asked += 1
            if asked == 1:
                meeting.wait(10)
            return (*before, contact(name))

        contacts.change(ACCOUNT, "alice", rule)

    for round_ in range(3):  # the first write of the item, and later ones
        threads = [threading.Thread(target=register, args=(f"r{round_}-{place}",)) for place in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    found = {each.uri for each in contacts.of(ACCOUNT, ("alice",))["alice"]}
    assert found == {f"sip:alice@r{round_}-{place}" for round_ in range(3) for place in ("a", "b")}


def test_registration_into_an_item_that_was_deleted_meanwhile(cloud: Cloud, contacts: Contacts) -> None:
    contacts.change(ACCOUNT, "alice", added(contact("first")))
    key = {"pk": f"client#{ACCOUNT}#alice", "sk": "contacts"}

    def rule(before: tuple[Contact, ...]) -> tuple[Contact, ...]:
        cloud.table.delete(**key)
        return (*before, contact("second"))

    assert contacts.change(ACCOUNT, "alice", rule) == (contact("second"),)


def test_rule_that_refuses_writes_nothing(cloud: Cloud, contacts: Contacts) -> None:
    def refuse(before: tuple[Contact, ...]) -> tuple[Contact, ...]:
        raise LookupError

    with pytest.raises(LookupError):
        contacts.change(ACCOUNT, "alice", refuse)
    assert cloud.rows("client#") == []


class Throttled:
    """DynamoDB that leaves all but one key unprocessed in each of its first ``times`` answers."""

    def __init__(self, client: Any, times: int) -> None:
        self._client, self._times = client, times

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803  boto3's name
        if self._times <= 0:
            return self._client.batch_get_item(RequestItems=RequestItems)
        self._times -= 1
        ((table, asked),) = RequestItems.items()
        first, *left = asked["Keys"]
        answer = self._client.batch_get_item(RequestItems={table: asked | {"Keys": [first]}})
        return answer | {"UnprocessedKeys": {table: asked | {"Keys": left}} if left else {}}


def test_keys_that_dynamodb_left_unprocessed_are_asked_for_again(
    cloud: Cloud, contacts: Contacts, clock: Clock
) -> None:
    for name in ("a", "b", "c", "d"):
        contacts.change(ACCOUNT, name, added(contact(name)))
    throttled = Contacts(Table(Throttled(cloud.dynamodb, 2), "calls"), clock)  # type: ignore[arg-type]
    found = throttled.of(ACCOUNT, ("a", "b", "c", "d"))
    assert {name: [each.uri for each in found[name]] for name in found} == {
        name: [f"sip:alice@{name}"] for name in ("a", "b", "c", "d")
    }


def test_table_that_gives_nothing_is_not_asked_for_ever(cloud: Cloud, clock: Clock, monkeypatch: Any) -> None:
    monkeypatch.setattr("chalicelib.storage.table.CONFLICT_SECONDS", 0.0)
    names = tuple(str(number) for number in range(20))
    throttled = Contacts(Table(Throttled(cloud.dynamodb, 99), "calls"), clock)  # type: ignore[arg-type]
    with pytest.raises(UnprocessedError):
        throttled.of(ACCOUNT, names)
