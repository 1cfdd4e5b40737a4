"""What is done to a message: its headers, its description of media, its bytes (after RFC 4475 and what peers send)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from .messages import Draft
from .vocabulary import ADDED, BEYOND, COMPACT, LATIN, NUMBERS, SDP_LINES, URIS, VALUES

Change = Callable[[Draft, Random], Draft]


# -- headers
def _some(draft: Draft, random: Random) -> int:
    return random.randrange(len(draft.headers))


def _at(draft: Draft, index: int, *headers: tuple[str, str]) -> Draft:
    return replace(draft, headers=(*draft.headers[:index], *headers, *draft.headers[index + 1 :]))


def dropped(draft: Draft, random: Random) -> Draft:
    return _at(draft, _some(draft, random))


def doubled(draft: Draft, random: Random) -> Draft:
    index = _some(draft, random)
    return _at(draft, index, *[draft.headers[index]] * random.choice([2, 3, 40]))


def folded(draft: Draft, random: Random) -> Draft:
    index = _some(draft, random)
    name, value = draft.headers[index]
    cut = random.randrange(len(value) + 1)
    return _at(draft, index, (name, f"{value[:cut]}\r\n{random.choice([' ', chr(9), '   '])}{value[cut:]}"))


def compact(draft: Draft, random: Random) -> Draft:
    return replace(
        draft, headers=tuple((COMPACT.get(name.lower(), name), value) for name, value in draft.headers)
    )


def respelt(draft: Draft, random: Random) -> Draft:
    index = _some(draft, random)
    name, value = draft.headers[index]
    return _at(draft, index, (random.choice([name.upper(), name.lower(), name + " ", name + "\t "]), value))


def spoilt(draft: Draft, random: Random) -> Draft:
    """Its value, or the end of its value, is another."""
    index = _some(draft, random)
    name, value = draft.headers[index]
    other = random.choice(VALUES)
    return _at(draft, index, (name, random.choice([other, value + other, value[: len(value) // 2] + other])))


def numbered(draft: Draft, random: Random) -> Draft:
    name = random.choice(["CSeq", "Max-Forwards", "Content-Length", "RSeq", "Expires", "Min-SE"])
    number = random.choice(NUMBERS)
    method = draft.line.partition(" ")[0]
    return draft.with_header(name, f"{number} {method}" if name == "CSeq" else number)


def misled(draft: Draft, random: Random) -> Draft:
    """Another URI, in the start line or in a header."""
    uri = random.choice(URIS)
    if random.random() < 0.4:
        first, _, rest = draft.line.partition(" ")
        return replace(draft, line=f"{first} {uri} {rest.partition(' ')[2]}")
    name = random.choice(["Contact", "From", "To", "Record-Route", "Route", "Refer-To", "Diversion"])
    return draft.with_header(name, random.choice([f"<{uri}>", uri, f'"{LATIN}" <{uri}>;tag=x']))


def retagged(draft: Draft, random: Random) -> Draft:
    name = random.choice(["From", "To"])
    tag = random.choice(["", ";tag=", ";tag=a;tag=b", ";tag=" + "t" * 700, ";tag=\x01", f";tag={LATIN}"])
    return draft.with_header(name, f"<sip:a@127.0.0.1>{tag}")


def rerouted(draft: Draft, random: Random) -> Draft:
    via = random.choice(
        [
            "SIP/2.0/UDP 10.255.255.1;branch=z9hG4bK1",
            "SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1",
            "SIP/3.0/X y",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP 127.0.0.1:1;branch=",
            "SIP/2.0/UDP host.invalid;branch=z9hG4bK2;maddr=10.255.255.1;ttl=300;received=x",
            "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK3;rport=99999",
            "SIP / 2.0 / UDP 127.0.0.1 ; branch = z9hG4bK4",
            "a,b,c",
        ]
    )
    return draft.with_header("Via", via)


def added(draft: Draft, random: Random) -> Draft:
    return replace(draft, headers=(*draft.headers[:-1], random.choice(ADDED), draft.headers[-1]))


def shuffled(draft: Draft, random: Random) -> Draft:
    return replace(draft, headers=tuple(random.sample(draft.headers, len(draft.headers))))


def filled(draft: Draft, random: Random) -> Draft:
    """Many headers: near what a packet may hold, and above."""
    more = [(f"X-Fuzz-{number}", "v" * 60) for number in range(random.choice([60, 95, 200]))]
    return replace(draft, headers=(*draft.headers[:-1], *more, draft.headers[-1]))


def restarted(draft: Draft, random: Random) -> Draft:
    return replace(
        draft,
        line=random.choice(
            [
                "",
                " ",
                "SIP/2.0",
                "SIP/2.0 200",
                "SIP/2.0 999 x",
                "SIP/2.0 099 x",
                "SIP/2.0 -1 x",
                "INVITE",
                "INVITE  sip:a@b  SIP/2.0",
                "INVITE sip:a@127.0.0.1 SIP/7.0",
                "invite sip:a@127.0.0.1 sip/2.0",
                draft.line.replace(" ", "\t"),
                draft.line + " x",
                draft.line.replace("SIP/2.0", "HTTP/1.1"),
                f"SIP/2.0 486 {LATIN}",
                f"SIP/2.0 180 {BEYOND}",
                f"SIP/2.0 603 {'r' * 900}",
            ]
        ),
    )


# -- the body
def redescribed(draft: Draft, random: Random) -> Draft:
    body = draft.body
    if not body:
        return replace(
            draft, body=random.choice(["v=0\r\n", "x", "\x00" * 20, "v=0\r\nm=audio 1 RTP/AVP 0\r\n"])
        )
    for _ in range(random.choice([1, 1, 2])):
        body = body.replace(*random.choice(SDP_LINES))
    return replace(draft, body=body)


def resized(draft: Draft, random: Random) -> Draft:
    """Another port, many streams, no streams, half a body, none."""
    start, mark, media = draft.body.partition("m=")
    streams = random.choice([0, 2, 17, 40])
    port = random.choice(["0", "1", "65535", "65536", "-5", "x"])
    return replace(
        draft,
        body=random.choice(
            [
                "",
                start,
                start + (mark + media) * streams,
                draft.body[: len(draft.body) // 2],
                draft.body * 3,
                start + mark + " ".join(["audio", port, *media.split(" ")[2:]]),
                start + mark + media + "m=video 0 RTP/AVP 96\r\n" * 3,
            ]
        ),
    )


CHANGES: tuple[Change, ...] = (
    dropped,
    doubled,
    folded,
    compact,
    respelt,
    spoilt,
    spoilt,
    spoilt,
    numbered,
    misled,
    misled,
    retagged,
    rerouted,
    added,
    added,
    added,
    shuffled,
    filled,
    restarted,
    redescribed,
    redescribed,
    redescribed,
    resized,
    resized,
)


# -- the bytes
def _bitten(data: bytes, random: Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 8])):
        at = random.randrange(len(spoilt))
        spoilt[at] = random.choice(
            [0, 10, 13, 32, 34, 37, 60, 64, 92, 127, 233, 255, spoilt[at] ^ 1 << random.randrange(8)]
        )
    return bytes(spoilt)


def _cut(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return random.choice(
        [data[:at], data[:at] + data[at:] * 2, data[at:], data[:at] + b"\r\n\r\n" + data[at:]]
    )


def mutated(draft: Draft, random: Random) -> bytes:
    """One to three changes, and sometimes of the bytes themselves."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        if draft.headers:
            draft = random.choice(CHANGES)(draft, random)
    data = draft.rendered()
    if data and random.random() < 0.15:
        data = random.choice([_bitten, _cut])(data, random)
    return data
