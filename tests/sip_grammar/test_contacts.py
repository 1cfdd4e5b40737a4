from __future__ import annotations

import time

import pytest

from chalicelib.sip import InvalidAddressError, parse_uri
from chalicelib.sip.contacts import read_contacts, read_seconds, redirect_targets, same_address
from chalicelib.sip.message import Message


def read(*values: str) -> list[tuple[str, float, int | None]]:
    found = read_contacts(values)
    assert found is not None
    return [(str(each.uri), each.q, each.expires) for each in found]


def test_contacts_of_all_headers_are_read_in_order() -> None:
    assert read(
        '"A, ;<x> \\" e" <sip:alice@10.0.0.1:5062;transport=tcp>;q=0.5;expires=120 , <sips:alice@h>', "sip:bob@h;q=1.0"
    ) == [
        ("sip:alice@10.0.0.1:5062;transport=tcp", 0.5, 120),
        ("sips:alice@h", 1.0, None),
        ("sip:bob@h", 1.0, None),
    ]  # fmt: skip


def test_comma_within_brackets_is_of_the_user() -> None:
    assert read("<sip:a,b@h>;expires=9") == [("sip:a,b@h", 1.0, 9)]


def test_parameter_that_we_do_not_know_may_hold_anything_in_quotes() -> None:
    assert read('<sip:a@h>;+sip.instance="<urn:uuid:1,2;3>";expires=7') == [("sip:a@h", 1.0, 7)]


def test_headers_and_password_of_a_contact_are_left_out() -> None:
    assert read("<sip:a:secret@h;x=y?X-CallAPI-CallSid=1&Route=%3Csip:evil%3E>") == [
        ("sip:a@h;x=y", 1.0, None)
    ]


def test_star_stands_alone() -> None:
    assert read_contacts((" * ",)) is None
    with pytest.raises(InvalidAddressError):
        read_contacts(("*", "<sip:a@h>"))


def test_no_contact_is_a_question() -> None:
    assert read() == []


@pytest.mark.parametrize(
    "value",
    [
        "<tel:+4930123>", "<http://h/>", "<sip:a@h>;q=1.5", "<sip:a@h>;q=", "<sip:a@h>;q=-1", "<sip:a@h", "<sip:a b@h>",
        "sip:\ufffd@h", "<sip:a@169.254.1.999>", f"<sip:{'a' * 300}@h>", "<>", "*;expires=0", "<sip:a@h\u0085>",
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_no_contact(value: str) -> None:
    with pytest.raises(InvalidAddressError):
        read_contacts((value,))


@pytest.mark.parametrize("hostile", ["<sip:a@h>," * 3000, '"' * 8000, "<" * 8000, '"\\' * 4000, ";" * 8000])
def test_hostile_header_is_refused_at_once(hostile: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidAddressError):
        read_contacts((hostile,))
    assert time.perf_counter() - started < 0.2


def test_seconds_that_cannot_be_read_are_none() -> None:
    assert [read_seconds(text) for text in ("0", "3600", "", "-1", "1.5", "9" * 11, "١")] == [
        0, 3600, None, None, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # The examples of RFC 3261 §19.1.4, as far as they are about contacts.
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", True),
        ("sip:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com", False),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", False),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", False),
    ],
)
def test_uris_are_equal_by_the_rfc(one: str, other: str, same: bool) -> None:
    assert same_address(parse_uri(one), parse_uri(other)) is same
    assert same_address(parse_uri(other), parse_uri(one)) is same


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("<sip:a@h>;q=0.2, sip:b@h;q=0.7", ("sip:b@h", "sip:a@h")),
        ('"Last, First <x>" <sip:a@h;transport=tcp>', ("sip:a@h;transport=tcp",)),
        ("<tel:+123>, <http://h/>, <sips:a@h>", ("sips:a@h",)),
        ("<sip:a@h?Route=%3Csip:x%3E>", ("sip:a@h",)),
        ("*", ()),
        ("", ()),
        ("<sip:a@h>, <sip:a@H>;q=0.5", ("sip:a@h",)),
        # What would be refused in a REGISTER: the grammar is the redirecting server's affair, but it must be callable.
        ("<sip:a#b@my_host;x;x>", ("sip:a#b@my_host;x;x",)),
        ("<sip:a@h:>, <sip:b@[2001:DB8::1]:5070>", ("sip:a@h", "sip:b@[2001:db8::1]:5070")),
        ("<sip:a b@h>, <sip:>, <sip:c@h", ()),
        ("<sip:a@h>;q=2, <sip:b@h>;q=.5, <sip:c@h>;q=0.9", ("sip:a@h", "sip:b@h", "sip:c@h")),
        # Two splitters told these in two ways.
        ("<sip:a?b@h>", ("sip:a?b@h",)),
        ("<sip:a:secret@h>", ("sip:a@h",)),
        ('<sip:a@h>;x="y, <sip:evil@h>";q=0.1, <sip:b@h>', ("sip:b@h", "sip:a@h")),
    ],
)
def test_contacts_of_a_response_by_their_wish(value: str, found: tuple[str, ...]) -> None:
    assert redirect_targets((value,)) == found


@pytest.mark.parametrize("name", ["Contact", "m"])
def test_contacts_of_all_headers_of_a_response_count(name: str) -> None:
    moved = Message(f"SIP/2.0 302 Moved\r\nContact: <sip:a@h>;q=0.1\r\n{name}: <sip:b@h>\r\n\r\n")
    assert redirect_targets(moved.values("contact")) == ("sip:b@h", "sip:a@h")


@pytest.mark.parametrize(
    "hostile", ["<sip:a@h>," * 800, '"' * 8000, "<" * 8000, '"\\' * 4000, ";" * 8000, "," * 8000]
)
def test_hostile_contact_of_a_response_is_passed_over_at_once(hostile: str) -> None:
    started = time.thread_time()
    assert len(redirect_targets((hostile,))) <= 1
    assert time.thread_time() - started < 0.2
