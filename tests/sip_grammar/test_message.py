"""What is read from the text of a SIP message (RFC 3261 §7)."""

from __future__ import annotations

import time

import pytest

from chalicelib.sip.message import COMPACT, Message

INVITE = "INVITE sip:svc@Example.com:5070;user=phone SIP/2.0"


def message(*lines: str, first: str = INVITE, body: str = "") -> Message:
    return Message("\r\n".join([first, *lines, "", body]))


@pytest.mark.parametrize(("compact", "name"), COMPACT.items())
def test_compact_form_of_a_header_is_read_wherever_the_long_one_is(compact: str, name: str) -> None:
    both = message(f"{compact.upper()}: short", f"{name.title()} : long")
    assert both.values(name) == ("short", "long")
    assert both.header(name) == "short"
    assert both.header(compact) == ""


def test_headers_are_as_received_and_the_body_is_none_of_them() -> None:
    read = message("X-One:1", "Subject: a", "\t b:c ", "no header", "f:", body="X-Body: 4\r\n")
    assert read.headers == (("X-One", "1"), ("Subject", "a b:c"), ("f", ""))
    assert read.x_headers == (("X-One", "1"),)


def test_target_is_the_request_uri() -> None:
    read = message()
    assert read.request_uri == "sip:svc@Example.com:5070;user=phone"
    assert (read.target.host, read.target.port) == ("example.com", 5070)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("tel:+4930", ""),
        ("sip:", ""),
        ("sips:example.com", "example.com"),
        ("sip:a#b@my_host", "my_host"),
        ("sip:a@[2001:DB8::1]:5060", "[2001:db8::1]"),
        ("sip:a@example.com:", "example.com"),
        ("sip:a@example.com:99999;x;x", "example.com"),
        ("sip:a:p@example.com", "example.com"),
        (f"sip:{'a' * 300}@example.com", "example.com"),
    ],
)
def test_invite_has_a_domain_whatever_the_grammar_says_of_its_uri(uri: str, host: str) -> None:
    assert message(first=f"INVITE {uri} SIP/2.0").target.host == host


def test_no_message_has_nothing() -> None:
    nothing = Message("")
    assert (nothing.request_uri, nothing.headers, nothing.x_headers, nothing.final_reason) == ("", (), (), "")
    assert (nothing.is_response, nothing.header("from"), nothing.cseq) == (False, "", (0, ""))


@pytest.mark.parametrize(
    ("value", "hops"), [("12", 12), ("0", 0), ("", 70), ("-1", 70), ("1000", 70), ("\u0661", 70)]
)
def test_max_forwards_is_70_unless_it_says(value: str, hops: int) -> None:
    assert message(f"Max-Forwards: {value}").max_forwards == hops
    assert message().max_forwards == 70


@pytest.mark.parametrize(
    ("value", "cseq"),
    [
        ("1 REGISTER", (1, "REGISTER")),
        ("4294967295\t BYE", (4294967295, "BYE")),
        ("0 ACK", (0, "ACK")),
        ("BYE", (0, "")),
        ("x BYE", (0, "")),
        ("12345678901 BYE", (0, "")),
        ("1 BYE BYE", (1, "BYE BYE")),
        ("", (0, "")),
    ],
)
def test_cseq_is_a_number_and_a_method(value: str, cseq: tuple[int, str]) -> None:
    assert message(f"CSeq: {value}").cseq == cseq


@pytest.mark.parametrize(
    "value",
    [
        'SIP ;cause=200 ;text="Call completed elsewhere"',
        "Q.850;cause=16",
        'Q.850;cause=16;text="a;b, \\"c\\"", SIP;cause=200',
        "SIP;cause=many;text=bare",
        'SIP;text="open',
        "SIP",
        ";cause=1",
        "not a reason",
    ],
)
def test_reason_is_read(value: str) -> None:
    """As text, whole: a second reader took it apart, and lost what it did not know."""
    assert message(f"Reason: {value}", first="SIP/2.0 486 Busy Here").final_reason == value


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("SIP/2.0 486 Busy Here", "Busy Here"),
        ("SIP/2.0 486", ""),
        ("SIP/2.0 600 " + "x" * 300, "x" * 255),
        (INVITE, ""),
    ],
)
def test_what_is_no_reason_is_none(first: str, reason: str) -> None:
    """Then the phrase is."""
    assert message("Reason:", first=first).final_reason == reason


@pytest.mark.parametrize(
    "unit", ["a", ":", "\r\n", "\n", "\r\n ", "X-a:", "f:<", "\r\nm: <", '\r\nReason: "']
)
def test_hostile_message_is_read_at_once(unit: str) -> None:
    started = time.thread_time()
    for first in ("INVITE ", "SIP/2.0 486 "):
        read = Message(first + unit * (64_000 // len(unit)))
        assert len(read.x_headers) <= 64
        assert (read.final_reason, read.header("from"), read.target, read.cseq) is not None
    assert time.thread_time() - started < 1


def test_message_is_read_once_however_often_it_is_asked() -> None:
    read = message("From: <sip:a@h>", "Call-ID: 1")
    assert read.headers is read.headers
    assert read.target is read.target
