"""What holds for any text given as a SIP URI."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sip import InvalidSipUri, invite_headers, parse_uri

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
    else:
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
