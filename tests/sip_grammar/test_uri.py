"""What holds for any text given as a SIP URI."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sip import InvalidSipUri, invite_headers, is_sip, parse_uri, read_uri

PIECES = st.sampled_from(
    [
        "sip:",
        "sips:",
        "alice",
        "@",
        ":",
        ";",
        "?",
        "&",
        "=",
        "%41",
        "%",
        "[",
        "]",
        "::1",
        "example.com",
        "5060",
        ".",
    ]
)
URI_LIKE = st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=14).map(
    lambda pieces: "sip:" + "".join(pieces)
)


@given(st.one_of(st.text(), URI_LIKE))
def test_any_text_is_a_uri_or_an_invalid_sip_uri(text: str) -> None:
    try:
        uri = parse_uri(text)
    except InvalidSipUri as error:
        code = error.code
        assert bool(read_uri(text).scheme) == is_sip(text.strip())
    else:
        assert read_uri(text) == uri
        code = 0
        dialled = uri.without_headers
        assert dialled.isascii()
        assert dialled.isprintable()
        assert " " not in dialled
        assert parse_uri(dialled).without_headers == dialled
        headers, warnings = invite_headers(uri)
        assert len(headers) + len(warnings) == len(uri.headers)
        assert all("\r" not in value and "\n" not in value for _, value in headers)
    assert code in {0, 13243, 13253}


@pytest.mark.parametrize("unit", ["a", "@", ":", ";", ";a", "&", "?", "=", "%41", "[", ".", "a.", "sip:"])
def test_time_of_a_huge_text_stays_small(unit: str) -> None:
    started = time.thread_time()
    for head in ("sip:", "sip:a@", "sip:a@b?", ""):
        with pytest.raises(InvalidSipUri):
            parse_uri(head + unit * (1_000_000 // len(unit)))
        read_uri(head + unit * (65_536 // len(unit)))
    assert time.thread_time() - started < 2


def test_password_in_the_uri_is_in_no_text_of_it() -> None:
    uri = parse_uri("sip:alice:TopSecret@example.com;transport=tcp?a=1")
    assert uri.password == "TopSecret"
    assert "TopSecret" not in f"{uri!r} {uri} {uri.without_headers}"


def test_error_does_not_repeat_the_uri() -> None:
    with pytest.raises(InvalidSipUri) as caught:
        parse_uri("sip:alice:Top Secret@example.com")
    assert "Secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_text_of_a_uri_has_its_headers_as_written() -> None:
    text = "sip:alice@example.com;lr?a=%41&b&c=d=e"
    assert str(parse_uri(text)) == text


@pytest.mark.parametrize(
    ("uri", "host", "port", "transport"),
    [
        ("sip:bob@Example.com", "example.com", None, ""),
        ("sip:bob:secret@example.com:5070;transport=TCP", "example.com", 5070, "tcp"),
        ("sips:example.com", "example.com", None, "tls"),
        ("SIPS:bob@example.com;transport=udp", "example.com", None, "tls"),
        ("sip:bob@[2001:db8::1]:5070;lr", "[2001:db8::1]", 5070, ""),
        ("sip:bob@example.com;transport=sctp", "example.com", None, "udp"),
        ("sip:bob@example.com;secure=true", "example.com", None, "tls"),
        ("sip:bob@example.com;secure=true;transport=udp", "example.com", None, "udp"),
        ("sip:%22b%40b%22;x@example.com?a=b", "example.com", None, ""),
        # A second reader disagreed here: an empty transport is not one of ours, so UDP (docs/contract.md §3) ...
        ("sip:bob@example.com;transport", "example.com", None, "udp"),
        ("sip:bob@example.com;transport=", "example.com", None, "udp"),
        # ... an escape means its character (RFC 3261 §19.1.4) ...
        ("sip:bob@example.com;tr%61nsport=%74cp", "example.com", None, "tcp"),
        # ... an @ in a header value ends no user part ...
        ("sip:example.com?a=bob@evil.example", "example.com", None, ""),
        # ... and a port is all of it.
        ("sip:bob@example.com:123456", "example.com", None, ""),
        ("sip:bob@example.com:50x", "example.com", None, ""),
        ("sip:bob@example.com:", "example.com", None, ""),
        ("sip:bob@example.com:;transport=tcp", "example.com", None, "tcp"),
        ("sip:bob@[2001:db8::1", "[2001:db8::1", None, ""),
        ("sip:bob@", "", None, ""),
        ("tel:+4930;transport=tcp", "", None, ""),
    ],
)
def test_uri_says_host_port_and_transport(uri: str, host: str, port: int | None, transport: str) -> None:
    read = read_uri(uri)
    assert (read.host, read.port, read.wanted_transport) == (host, port, transport)


@pytest.mark.parametrize(
    ("uri", "port"),
    [("sip:a@h", 5060), ("sip:a@h;transport=tcp", 5060), ("sips:a@h", 5061), ("sip:a@h;secure=true", 5061)],
)
def test_default_port_is_that_of_the_transport(uri: str, port: int) -> None:
    assert read_uri(uri).default_port == port


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ("", None),
        (";maddr", ""),
        (";MADDR=192.0.2.1", "192.0.2.1"),
        (";m%61ddr=%31", "1"),
        (";maddr=1;maddr=2", "2"),
        (";maddr=1;maddr=", "1"),
        (";maddr=;maddr=1", "1"),
    ],
)
def test_parameter_is_what_the_engine_reads(parameters: str, value: str | None) -> None:
    assert read_uri(f"sip:a@h{parameters}").parameter("maddr") == value


def test_parameter_that_is_there_twice_is_wrong_however_it_is_written() -> None:
    with pytest.raises(InvalidSipUri):
        parse_uri("sip:a@h;maddr=1;m%61ddr=2")


@pytest.mark.parametrize(
    ("text", "whether"), [("sip:a", True), ("SIPS:a", True), ("sipx:a", False), ("tel:1", False), (" sip:a", False)]
)  # fmt: skip
def test_scheme_says_whether_it_is_sip(text: str, whether: bool) -> None:
    assert is_sip(text) is whether
