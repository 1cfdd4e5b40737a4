"""From, To, Contact and Reason values as they arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sip import SipError, address_of, reason_of


@pytest.mark.parametrize(
    ("value", "name", "uri"),
    [
        ("<sip:alice@example.com>", "", "sip:alice@example.com"),
        ("sip:alice@example.com", "", "sip:alice@example.com"),
        ("sip:alice@example.com;tag=1", "", "sip:alice@example.com"),
        ("<sip:alice@example.com;lr>;tag=1", "", "sip:alice@example.com;lr"),
        ("Alice <sip:alice@example.com>", "Alice", "sip:alice@example.com"),
        ("Alice von Berg<sip:a@b>;tag=x", "Alice von Berg", "sip:a@b"),
        ('"Alice" <sip:a@b>', "Alice", "sip:a@b"),
        (r'"A \"B\" \\ <x>; y" <sip:a@b>;tag=1', r'A "B" \ <x>; y', "sip:a@b"),
        ('""<sip:a@b>', "", "sip:a@b"),
        ("  tel:+15551234 ", "", "tel:+15551234"),
    ],
)
def test_address_is_read(value: str, name: str, uri: str) -> None:
    assert address_of(value) == (name, uri)


@pytest.mark.parametrize(
    "value",
    ["", "Alice", "<sip:a@b", '"Alice <sip:a@b>', "<>", "a b:c", "sip:a@b\r\nX: 1", "sip:" + "a" * 9000],
)
def test_wrong_address_is_one_kind_of_error(value: str) -> None:
    with pytest.raises(SipError) as caught:
        address_of(value)
    assert caught.value.code == 32100


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ('SIP ;cause=200 ;text="Call completed elsewhere"', ("SIP", 200, "Call completed elsewhere")),
        ("Q.850;cause=16", ("Q.850", 16, "")),
        ('Q.850;cause=16;text="a;b, \\"c\\"", SIP;cause=200', ("Q.850", 16, 'a;b, "c"')),
        ("SIP;cause=many;text=bare", ("SIP", None, "bare")),
        ('SIP;text="open', ("SIP", None, "")),
        ("SIP", ("SIP", None, "")),
    ],
)
def test_reason_is_read(value: str, read: tuple[str, int | None, str]) -> None:
    assert reason_of(value) == read


@pytest.mark.parametrize("value", ["", ";cause=1", "not a reason"])
def test_what_is_no_reason_is_none(value: str) -> None:
    assert reason_of(value) is None


@given(st.text())
def test_any_text_is_read_or_refused(value: str) -> None:
    reason_of(value)
    try:
        address = address_of(value)
    except SipError:
        return
    assert ":" in address.uri
