"""From, To, Contact and Refer-To values as they arrive (RFC 3261 §20.10, §25.1: name-addr)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sip import SipError, address_of
from chalicelib.sip.name_addr import from_header, read_address

ADDRESSES = [
    ("<sip:alice@example.com>", "", "sip:alice@example.com"),
    ("sip:alice@example.com", "", "sip:alice@example.com"),
    ("sip:alice@example.com;tag=1", "", "sip:alice@example.com"),
    ("<sip:alice@example.com;lr>;tag=1", "", "sip:alice@example.com;lr"),
    ("<sip:a@h;transport=tcp>;tag=1", "", "sip:a@h;transport=tcp"),
    ("Alice <sip:alice@example.com>", "Alice", "sip:alice@example.com"),
    ("Alice von Berg<sip:a@b>;tag=x", "Alice von Berg", "sip:a@b"),
    ('"Alice" <sip:a@b>', "Alice", "sip:a@b"),
    ('" Alice " <sip:a@b>', " Alice ", "sip:a@b"),
    ('"<x>" <sip:a@h>', "<x>", "sip:a@h"),
    (r'"A \"B\" \\ <x>; y" <sip:a@b>;tag=1', r'A "B" \ <x>; y', "sip:a@b"),
    ('""<sip:a@b>', "", "sip:a@b"),
    ("  tel:+15551234 ", "", "tel:+15551234"),
    ("<sip:a@[2001:db8::1]:5070>", "", "sip:a@[2001:db8::1]:5070"),
    ("<sips:%22a%22;x@h?y=z>", "", "sips:%22a%22;x@h?y=z"),
    # Two readers told these in two ways: one of them took the whole value for the URI.
    ('Alice "Al" Doe <sip:a@h>', 'Alice "Al" Doe', "sip:a@h"),
    ("< sip:a@h >", "", "sip:a@h"),
]


@pytest.mark.parametrize(("value", "name", "uri"), ADDRESSES)
def test_address_is_read(value: str, name: str, uri: str) -> None:
    assert address_of(value) == (name, uri)


@pytest.mark.parametrize(
    ("value", "name", "uri"),
    [
        *ADDRESSES,
        ('"never closed <sip:a@h>', "", '"never closed <sip:a@h>'),
        ("<sip:a@h;x=y", "", "<sip:a@h"),
        ("Alice", "", "Alice"),
        ("", "", ""),
    ],
)
def test_name_and_address_of_a_from_value(value: str, name: str, uri: str) -> None:
    assert read_address(value) == (name, uri)


@pytest.mark.parametrize(
    "value",
    ["", "Alice", "<sip:a@b", '"Alice <sip:a@b>', "<>", "a b:c", "sip:a@b\r\nX: 1", "sip:" + "a" * 9000],
)
def test_wrong_address_is_one_kind_of_error(value: str) -> None:
    with pytest.raises(SipError) as caught:
        address_of(value)
    assert caught.value.code == 32100


@given(st.text())
def test_any_text_is_read_or_refused(value: str) -> None:
    lenient = read_address(value)
    try:
        address = address_of(value)
    except SipError:
        return
    assert ":" in address.uri
    assert lenient == address


def test_hostile_from_value_does_not_hold_up_the_loop() -> None:
    started = time.thread_time()
    for value in ("a" + " " * 8000, '"' + "\\" * 8000, '""' + " " * 8000, "<" * 8000, '"\\"' * 4000):
        read_address(value)
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize(
    ("uri", "name", "value"),
    [
        ("sip:a@h", "", "<sip:a@h>"),
        ("SIPS:a@h", 'A "B" \\', '"A \\"B\\" \\\\" <SIPS:a@h>'),
        ("alice", "A\r\nX: 1", '"AX: 1" <sip:alice@us.example>'),
        ("", "", "<sip:anonymous@us.example>"),
        ("sip:a@h>;x=<y", "", "<sip:a@h;x=y>"),
    ],
)
def test_from_value_holds_one_address_whatever_is_in_its_parts(uri: str, name: str, value: str) -> None:
    assert from_header(uri, name, "us.example") == value
