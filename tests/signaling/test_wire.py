"""Whatever bytes a peer sends, what is kept of them is text that every part of the platform takes, and not too much.

docs/contract.md §7: text from the wire.
"""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls import events
from chalicelib.calls.protocol import decode, encode
from chalicelib.sip import wire
from chalicelib.sip.contacts import redirect_targets
from chalicelib.sip.message import Message
from chalicelib.sip.refer import judged
from signaling.b2bua.switchboard import incoming_event
from signaling.registrar.inbox import Request

HOSTILE = st.lists(
    st.sampled_from([b"\xe9", b"\xef\xbf\xbf", b"\xed\xa0\x80", b"\x00", b"\x85", b"\xf0\x9f\xbf\xbe", b"\r", b"\n",
                     b"\t", b'"', b"<", b">", b"\\", b"caf\xc3\xa9", b"a" * 300, b"@", b";", b":", b" ",
                     b"\xf4\x8f\xbf\xbf"])
    | st.binary(max_size=20),
    max_size=40,
).map(b"".join)  # fmt: skip
NAMES = st.sampled_from(
    [b"From", b"f", b"Call-ID", b"Diversion", b"Reason", b"Refer-To", b"Referred-By", b"Contact", b"CSeq", b"To",
     b"X-Bad", b"x-b", b"X-" + b"n" * 200, b"Max-Forwards", b"Subject", b"X-caf\xe9"]
)  # fmt: skip
MESSAGES = st.builds(
    lambda line, headers: b"\r\n".join([line, *(name + b": " + value for name, value in headers), b"", b""]),
    st.sampled_from([b"INVITE sip:a@b SIP/2.0", b"SIP/2.0 486 Occup\xe9"]) | HOSTILE,
    st.lists(st.tuples(NAMES, HOSTILE), max_size=12),
)


def clean(text: str) -> bool:
    """No control but the three that structure a message, no surrogate, no non-character."""
    return not any(
        (code < 0x20 and character not in "\t\r\n") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
        or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE
        for character in text for code in [ord(character)]
    )  # fmt: skip


def as_bound(data: bytes) -> str:
    """As the engine's binding gives it to Python."""
    return data.decode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "café"),
        (b"A: caf\xe9\r\nB: \xe6\x9d\xb1\xe4\xba\xac\r\n", "A: café\r\nB: 東京\r\n"),
        (b"a\xef\xbf\xbfb", "a\ufffdb"),
        (b"a\xef\xb7\x90b", "a\ufffdb"),
        (b"\xf0\x9f\xbf\xbe \xf0\x9f\x98\x80", "\ufffd \U0001f600"),
        (b"a\x00b\x7fc\td", "a\ufffdb\ufffdc\td"),
        (b"\xed\xa0\x80", "í\xa0\ufffd"),
    ],
)
def test_bytes_are_utf_8_else_latin_1_line_by_line_without_controls_and_non_characters(
    data: bytes, text: str
) -> None:
    assert wire.text(data) == text
    assert wire.repaired(as_bound(data)) == text


@given(st.binary())
def test_any_bytes_become_text_that_is_clean_and_goes_through_json(data: bytes) -> None:
    text = wire.text(data)
    assert clean(text)
    assert wire.repaired(as_bound(data)) == text
    assert decode(encode(text), str) == text


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_repaired(text: str) -> None:
    repaired = wire.repaired(text)
    assert clean(repaired)
    assert wire.repaired(repaired) == repaired


@given(MESSAGES)
def test_whatever_a_message_holds_its_events_are_clean_bounded_and_go_through_json(data: bytes) -> None:
    message = Message(wire.repaired(as_bound(data)))
    came = incoming_event("CA1", message, "127.0.0.1:5060", "t1")
    refer = judged(message)[1]
    every = [
        came,
        events.Answered(at=0, call="CA1", headers=message.x_headers),
        events.Ended(at=0, call="CA1", reason=message.final_reason, headers=came.headers),
        events.Referred(at=0, call="CA1", target="" if refer is None else refer.target,
                        referred_by="" if refer is None else refer.referred_by),
    ]  # fmt: skip
    for event in every:
        assert decode(encode(event), type(event)) == event
        assert all(clean(text) and "\n" not in text and "\r" not in text for text in texts(event))
    assert max(len(came.from_), len(came.forwarded_from)) <= wire.URI
    assert len(came.caller_name) <= wire.DISPLAY_NAME
    assert len(came.sip_call_id) <= wire.CALL_ID
    assert len(message.final_reason) <= wire.REASON
    places = redirect_targets(message.values("contact"))
    assert all(len(uri) <= wire.URI and uri.isprintable() for uri in places)
    assert len(places) <= wire.CONTACTS
    assert all(
        len(name) <= wire.HEADER_NAME and len(value) <= wire.HEADER_VALUE for name, value in came.headers
    )


LONG = (
    'From: "Doe, <A>" <sip:alice@[2001:db8::1];x=y>;tag=1', "Call-ID: 7@h", "Diversion: <tel:+49>;reason=busy",
    "Max-Forwards: 12", "X-One: 1",
)  # fmt: skip


@pytest.mark.parametrize("short", [("From", "f"), ("Call-ID", "i"), ("From", "F")])
def test_invite_with_compact_header_names_is_the_same_invite(short: tuple[str, str]) -> None:
    lines = "\r\n".join(["INVITE sip:svc@Example.com:5070 SIP/2.0", *LONG, "", "X-Body: 2\r\n"])
    assert lines.count(f"{short[0]}:") == 1
    for text in (lines, lines.replace(f"{short[0]}:", f"{short[1]} :")):
        came = incoming_event("CA1", Message(text), "[2001:db8::1]:5060", "t1")
        assert (came.to, came.sip_domain) == ("sip:svc@Example.com:5070", "example.com")
        assert (came.from_, came.caller_name) == ("sip:alice@[2001:db8::1];x=y", "Doe, <A>")
        assert (came.sip_call_id, came.forwarded_from, came.max_forwards) == ("7@h", "tel:+49", 12)
        assert came.headers == (("X-One", "1"),)


def texts(event: msgspec.Struct) -> list[str]:
    """What of ``event`` is from the wire; a Request-URI is refused before where it is not in order."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    headers = [part for pair in fields.pop("headers", ()) for part in pair]
    return headers + [
        value for name, value in fields.items() if isinstance(value, str) and name not in ("to", "sip_domain")
    ]


@given(st.lists(st.integers(0, 3000), max_size=100))
def test_x_headers_are_kept_whole_until_there_are_too_many_or_they_are_too_long(sizes: list[int]) -> None:
    lines = "".join(f"X-H{number}: {'v' * size}\r\n" for number, size in enumerate(sizes))
    kept = Message(f"INVITE sip:a@b SIP/2.0\r\n{lines}\r\n").x_headers
    expected = [(f"X-H{number}", "v" * min(size, 1024)) for number, size in enumerate(sizes)]
    assert list(kept) == expected[: len(kept)]
    assert len(kept) <= 64
    assert sum(len(name) + len(value) for name, value in kept) <= 8192
    if len(kept) < min(64, len(expected)):
        name, value = expected[len(kept)]
        assert sum(len(name) + len(value) for name, value in kept) + len(name) + len(value) > 8192


def test_header_that_a_lone_line_feed_ends_is_read_as_the_engine_reads_it() -> None:
    message = Message("INVITE sip:a@b SIP/2.0\nX-One: 1\nX-Two: 2\r\nCall-ID: 3\r\n\r\nX-Body: 4")
    assert message.x_headers == (("X-One", "1"), ("X-Two", "2"))
    assert message.header("call-id") == "3"


@pytest.mark.parametrize(
    ("uri", "too_long"),
    [
        ("sip:svc@example.net", False),
        (f"sip:svc@{'h' * 253}", False),
        (f"sip:svc@{'h' * 254}", True),
        (f"sip:{'u' * 1000}@example.net", False),
        (f"sip:{'u' * 1024}@example.net", True),
        (f"tel:{'1' * 254}", True),
    ],
)
def test_request_uri_that_can_be_nobodys_is_told_by_its_length(uri: str, too_long: bool) -> None:
    assert Message(f"INVITE {uri} SIP/2.0\r\n\r\n").is_target_too_long == too_long


def register(aor: str, *lines: str) -> Request:
    text = "\r\n".join(["REGISTER sip:b SIP/2.0", f"To: <{aor}>", *lines])
    return Request(1, "udp", "127.0.0.1:5060", Message(text))


def test_register_that_says_more_than_a_telephone_does_is_told() -> None:
    assert register(f"sip:{'a' * 300}@b").too_long
    assert register("sip:a@b", *["Contact: <sip:c@d>"] * 1000).too_long
    assert not register("sip:a@b", "Contact: <sip:c@d>").too_long


def test_plain_message_costs_next_to_nothing() -> None:
    """1 kB of ASCII, the usual case: less than 2 µs where nothing else runs."""
    message = ("INVITE sip:svc@127.0.0.1:5060 SIP/2.0\r\n" + "X-Name: some value that is here\r\n" * 30)[
        :1024
    ]
    best = min(_seconds(message) for _ in range(10))
    assert best < 10e-6


def _seconds(message: str) -> float:
    started = time.thread_time()
    for _ in range(1000):
        wire.repaired(message)
    return (time.thread_time() - started) / 1000
