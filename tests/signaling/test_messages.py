"""What is read from the text of a SIP message (RFC 3261 §20.10, §25.1: name-addr)."""

import time

import pytest

from chalicelib.sip.message import address_uri, display_name


@pytest.mark.parametrize(
    ("value", "uri", "name"),
    [
        ("<sip:a@h>;tag=1", "sip:a@h", ""),
        ("sip:a@h;tag=1", "sip:a@h", ""),
        ("Alice Doe <sip:a@h;transport=tcp>;tag=1", "sip:a@h;transport=tcp", "Alice Doe"),
        ('"Alice" <sip:a@h>', "sip:a@h", "Alice"),
        ('"<x>" <sip:a@h>', "sip:a@h", "<x>"),
        ('"say \\"hi\\" \\\\ <y>" <sip:a@h>', "sip:a@h", 'say "hi" \\ <y>'),
        ('"never closed <sip:a@h>', '"never closed <sip:a@h>', ""),
        ("", "", ""),
    ],
)
def test_name_and_address_of_a_from_value(value: str, uri: str, name: str) -> None:
    assert (address_uri(value), display_name(value)) == (uri, name)


def test_hostile_from_value_does_not_hold_up_the_loop() -> None:
    started = time.thread_time()
    for value in ("a" + " " * 8000, '"' + "\\" * 8000, '""' + " " * 8000, "<" * 8000):
        address_uri(value)
        display_name(value)
    assert time.thread_time() - started < 0.5
