from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.calls.registration import (
    RefusedError,
    Registration,
    accepted,
    live,
    rule_of,
    subject,
)
from chalicelib.calls.types import Contact

NOW = 1_790_000_000.0


def register(
    *contacts: str, at: float = NOW, cseq: int = 1, call_id: str = "c1", **rest: Any
) -> Registration:
    return Registration(
        at=at, aor="sip:alice@example.com", authorization="", call_id=call_id, cseq=cseq,
        received="sip:203.0.113.7:1024;transport=udp", task="t1", contacts=contacts, **rest,
    )  # fmt: skip


def after(*registrations: Registration, before: tuple[Contact, ...] = ()) -> tuple[Contact, ...]:
    for registration in registrations:
        before = rule_of(registration)(live(before, registration.at))
    return before


def uris(contacts: tuple[Contact, ...]) -> list[str]:
    return [contact.uri for contact in contacts]


def code(*registrations: Registration) -> int:
    with pytest.raises(RefusedError) as refused:
        after(*registrations)
    return refused.value.code


def test_contact_remembers_where_its_register_came_from() -> None:
    assert after(register("<sip:alice@10.0.0.1>;q=0.4", expires="600")) == (
        Contact(
            uri="sip:alice@10.0.0.1", received="sip:203.0.113.7:1024;transport=udp", expires_at=NOW + 600,
            registered_at=NOW, q=0.4, call_id="c1", cseq=1, task="t1", aor="sip:alice@example.com",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contact", "header", "seconds"),
    [
        ("<sip:a@h>;expires=120", "600", 120),
        ("<sip:a@h>", "600", 600),
        ("<sip:a@h>", "", 3600),
        ("<sip:a@h>;expires=soon", "later", 3600),
        ("<sip:a@h>;expires=4294967295", "", 86400),
        ("<sip:a@h>;expires=60", "", 60),
    ],
)
def test_seconds_are_the_contacts_else_the_messages_else_an_hour_and_a_day_at_most(
    contact: str, header: str, seconds: int
) -> None:
    (bound,) = after(register(contact, expires=header))
    assert bound.expires_at == NOW + seconds


def test_less_than_a_minute_is_too_brief() -> None:
    with pytest.raises(RefusedError) as refused:
        rule_of(register("<sip:a@h>;expires=59"))
    assert (refused.value.code, refused.value.headers) == (423, (("Min-Expires", "60"),))


def test_refresh_replaces_the_contact() -> None:
    contacts = after(register("<sip:a@h>"), register("<sip:a@h>", at=NOW + 9, cseq=2))
    assert [(each.uri, each.registered_at, each.cseq) for each in contacts] == [("sip:a@h", NOW + 9, 2)]


def test_zero_seconds_take_one_contact_away() -> None:
    both = register("<sip:a@h>", "<sip:b@h>")
    assert uris(after(both, register("<sip:a@h>;expires=0", cseq=2))) == ["sip:b@h"]


def test_star_takes_all_away() -> None:
    both = register("<sip:a@h>", "<sip:b@h>")
    assert after(both, register("*", expires="0", cseq=2)) == ()
    assert after(both, register("*", expires="0", call_id="another telephone's")) == ()


@pytest.mark.parametrize("expires", ["", "3600", "nonsense"])
def test_star_that_does_not_take_away_is_malformed(expires: str) -> None:
    assert code(register("*", expires=expires)) == 400


@pytest.mark.parametrize("cseq", [5, 4])
def test_register_of_a_telephone_that_is_not_newer_fails(cseq: int) -> None:
    first = register("<sip:a@h>", cseq=5)
    for late in (
        register("<sip:a@h>", cseq=cseq, at=NOW + 1),
        register("<sip:a@h>;expires=0", cseq=cseq, at=NOW + 1),
        register("*", expires="0", cseq=cseq, at=NOW + 1),
    ):
        assert code(first, late) == 500


def test_register_of_which_one_contact_fails_changes_none() -> None:
    first = register("<sip:a@h>", cseq=5)
    assert code(first, register("<sip:new@h>", "<sip:a@h>", cseq=5, at=NOW + 1)) == 500


def test_another_call_id_counts_for_itself() -> None:
    rebooted = register("<sip:a@h>", call_id="c2", cseq=1, at=NOW + 1)
    (contact,) = after(register("<sip:a@h>", cseq=5), rebooted)
    assert (contact.call_id, contact.cseq) == ("c2", 1)


def test_register_does_not_stand_in_its_own_way() -> None:
    """DynamoDB had written it when its answer was lost, and the rule is asked again."""
    once = register("<sip:a@h>", "<sip:b@h>")
    assert set(after(once, once)) == set(after(once))


def test_contact_that_is_there_twice_is_bound_once() -> None:
    assert uris(after(register("<sip:a@h>;expires=100", "<sip:a@H>;expires=200"))) == ["sip:a@h"]


def test_register_without_contact_changes_nothing() -> None:
    bound = after(register("<sip:a@h>"))
    assert after(register(), before=bound) == bound


def test_client_has_five_contacts_and_the_oldest_goes() -> None:
    registers = [register(f"<sip:a{n}@h>", at=NOW + n, call_id=f"c{n}") for n in range(7)]
    assert uris(live(after(*registers), NOW + 7)) == [f"sip:a{n}@h" for n in (6, 5, 4, 3, 2)]


def test_extension_that_we_do_not_have_is_named() -> None:
    with pytest.raises(RefusedError) as refused:
        rule_of(register("<sip:a@h>", require=("path", "outbound")))
    assert (refused.value.code, refused.value.headers) == (420, (("Unsupported", "path, outbound"),))


def test_answer_lists_every_contact_with_the_seconds_it_has_left() -> None:
    contacts = after(
        register("<sip:a@h>;expires=100"),
        register("<sip:b@h>;q=0.2;expires=200", at=NOW + 30.5, call_id="c2"),
    )
    answer = accepted(contacts, NOW + 30.5)
    assert answer.code == 200
    assert [value for name, value in answer.headers if name == "Contact"] == [
        "<sip:a@h>;expires=70", "<sip:b@h>;q=0.2;expires=200",
    ]  # fmt: skip
    assert ("Date", "Mon, 21 Sep 2026 13:20:00 GMT") in accepted((), 1_789_996_800.0).headers


@pytest.mark.parametrize(
    "aor", ["", "alice", "tel:+49", "sip:a b@h", "sip:a@h\r\nX: y", "sip:a@" + "h" * 400]
)
def test_address_of_record_that_is_none_is_malformed(aor: str) -> None:
    with pytest.raises(RefusedError) as refused:
        subject(msgspec.structs.replace(register(), aor=aor))
    assert refused.value.code == 400


def test_domain_alone_is_no_client() -> None:
    with pytest.raises(RefusedError) as refused:
        subject(msgspec.structs.replace(register(), aor="sip:example.com"))
    assert refused.value.code == 404


def test_name_is_taken_without_its_escapes() -> None:
    assert subject(msgspec.structs.replace(register(), aor="sip:%61lice@Example.com:5070;x=y")) == (
        "alice",
        "example.com",
    )


@pytest.mark.parametrize("value", ["<sip:a@h>," * 1000, "<sip:a@h\r\nEvil: 1>", "<sip:\ufffd@h>", "<tel:1>"])
def test_hostile_contact_is_malformed(value: str) -> None:
    assert code(register(value)) == 400
