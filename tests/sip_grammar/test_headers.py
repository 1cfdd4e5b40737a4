"""The header rules of docs/contract.md §3, one by one."""

from __future__ import annotations

import pytest

from chalicelib.sip import invite_headers, parse_uri


def headers(part: str) -> list[tuple[str, str]]:
    return list(invite_headers(parse_uri(f"sip:alice@example.com?{part}"))[0])


def warnings(part: str) -> list[int]:
    return [warning.code for warning in invite_headers(parse_uri(f"sip:alice@example.com?{part}"))[1]]


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        (
            "mycustomheader=tata&myotherheader=toto",
            [("X-mycustomheader", "tata"), ("X-myotherheader", "toto")],
        ),
        ("X-Order=42", [("X-Order", "42")]),
        ("x-order=42", [("x-order", "42")]),
        ("Xorder=42", [("X-Xorder", "42")]),
        ("a=b=c", [("X-a", "b=c")]),
        ("a=1+2", [("X-a", "1+2")]),
        ("a=%2B%20%3D%26", [("X-a", "+ =&")]),
        ("a=%2541", [("X-a", "%41")]),
        ("a=100%", [("X-a", "100%")]),
        ("a=Gr%C3%BC%C3%9Fe", [("X-a", "Grüße")]),
        ("%61=b", [("X-a", "b")]),
        ("a", [("X-a", "")]),
        ("a=", [("X-a", "")]),
        ("a=%20b%20", [("X-a", "b")]),
        ("a=1&a=2", [("X-a", "1"), ("X-a", "2")]),
        ("!%25*_+`'~.-=t", [("X-!%*_+`'~.-", "t")]),
        ("User-to-User=3030%3Bencoding%3Dhex", [("User-to-User", "3030;encoding=hex")]),
        ("user-to-user=1", [("User-to-User", "1")]),
        ("Remote-Party-ID=%3Csip:a@b%3E", [("Remote-Party-ID", "<sip:a@b>")]),
        ("P-Preferred-Identity=%3Csip:a@b%3E", [("P-Preferred-Identity", "<sip:a@b>")]),
        ("P-Called-Party-ID=%3Csip:a@b%3E", [("P-Called-Party-ID", "<sip:a@b>")]),
        ("P-Asserted-Identity=x", [("X-P-Asserted-Identity", "x")]),
        ("Route=%3Csip:evil%3E", [("X-Route", "<sip:evil>")]),
    ],
)
def test_header_is_sent(part: str, sent: list[tuple[str, str]]) -> None:
    assert headers(part) == sent
    assert warnings(part) == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("=b", 32111),
        ("a%20b=1", 32111),
        ("a%3Ab=1", 32111),
        ("a%23b=1", 32111),
        ("a$b=1", 32111),
        ("x-foo%3Dbar", 32111),
        ("a%0D%0Ab=1", 32111),
        ("%C3%A4=1", 32111),
        ("%FF=1", 32111),
        ("a=b%0D%0AX-Evil:%201", 32112),
        ("a=b%0Ac", 32112),
        ("a=b%0Dc", 32112),
        ("a=b%00", 32112),
        ("a=b%09c", 32112),
        ("a=b%1B[0m", 32112),
        ("a=b%7F", 32112),
        ("a=b%C2%85c", 32112),
        ("a=b%E2%80%A8c", 32112),
        ("a=%FF%FE", 32112),
        ("a=b\nc", 32112),
        ("X-CallAPI-CallSid=CA1", 32113),
        ("x-callapi-anything=1", 32113),
        ("CallAPI-CallSid=CA1", 32113),
    ],
)
def test_bad_header_is_left_out_with_a_warning_and_the_others_are_sent(part: str, code: int) -> None:
    assert headers(f"first=1&{part}&last=2") == [("X-first", "1"), ("X-last", "2")]
    assert warnings(f"first=1&{part}&last=2") == [code]
