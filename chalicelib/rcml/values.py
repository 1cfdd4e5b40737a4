"""From the text of an attribute to its value: one small function for each kind of value.

Each raises `ValueError` whose message completes the sentence «timeout="x" …».  Words are compared without
case, as Restcomm did; white space around a value is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

MAX_URL = 4096
"""Characters.  Longer than what any browser or proxy passes on."""
MAX_CALLER_ID = 50
MAX_SIP_URI = 254
MAX_CREDENTIAL = 255
MAX_DTMF = 64
MAX_DIGITS = 10

EVENTS = ("initiated", "ringing", "answered", "completed")

_CALLER_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_.")
_URI_CHARACTERS = _CALLER_ID | frozenset("!~*'()%&=$,;?/:@[]")
"""Every character RFC 3261 §25.1 has in a SIP URI.  The grammar itself is `chalicelib.sip`'s."""

_NOT_IN_A_NAME = frozenset('<>"\\')

RECORD = {
    "false": None,
    "do-not-record": None,
    "true": "record-from-answer",
    **{
        word: word
        for word in (
            "record-from-answer",
            "record-from-ringing",
            "record-from-answer-dual",
            "record-from-ringing-dual",
        )
    },
}

RING_TONES = frozenset(
    (
        *(
            "at",
            "au",
            "be",
            "bg",
            "br",
            "ch",
            "cl",
            "cn",
            "cz",
            "de",
            "dk",
            "ee",
            "es",
            "fi",
            "fr",
            "gr",
            "hu",
        ),
        *(
            "il",
            "in",
            "it",
            "jp",
            "lt",
            "mx",
            "my",
            "nl",
            "no",
            "nz",
            "ph",
            "pl",
            "pt",
            "ru",
            "se",
            "sg",
            "th",
        ),
        *("tw", "uk", "us", "us-old", "ve", "za"),
    )
)


class PartlyWrongError(ValueError):
    """Some of a list was wrong; ``value`` is what remains of it."""

    def __init__(self, message: str, value: object) -> None:
        super().__init__(message)
        self.value = value


def url(raw: str) -> str:
    """An absolute http(s) URL, or a reference relative to the document."""
    text = raw.strip()
    if not text:
        raise ValueError("is empty")
    if len(text) > MAX_URL or " " in text or not text.isprintable():
        raise ValueError("is no URL")
    scheme, colon, rest = text.partition(":")
    if not colon or any(mark in scheme for mark in "/?#"):
        return text
    if scheme.lower() not in ("http", "https"):
        raise ValueError("is no http or https URL")
    return _with_host(f"{scheme.lower()}:{rest}")


def _with_host(text: str) -> str:
    after_scheme = text.partition("://")[2]
    if not after_scheme or after_scheme[0] in "/?#:":
        raise ValueError("has no host")
    return text


def method(raw: str) -> str:
    """``GET`` or ``POST``."""
    word = raw.strip().upper()
    if word not in ("GET", "POST"):
        raise ValueError("is neither GET nor POST")
    return word


def boolean(raw: str) -> bool:
    """``true`` or ``false``."""
    word = raw.strip().lower()
    if word not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return word == "true"


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number from ``low`` to ``high``, ASCII digits only."""

    def convert(raw: str) -> int:
        text = raw.strip()
        if (
            text.isascii()
            and text.isdigit()
            and len(text) <= MAX_DIGITS
            and low <= (number := int(text)) <= high
        ):
            return number
        raise ValueError(f"is no whole number from {low} to {high}")

    return convert


def one_of(*words: str) -> Callable[[str], str]:
    """One of ``words``."""

    def convert(raw: str) -> str:
        word = raw.strip().lower()
        if word not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return word

    return convert


def spelled(*words: str) -> Callable[[str], str]:
    """One of ``words``, compared without case, returned as spelled here (``en-us`` is ``en-US``)."""
    by_lower = {word.lower(): word for word in words}

    def convert(raw: str) -> str:
        word = by_lower.get(raw.strip().lower())
        if word is None:
            raise ValueError(f"is none of {', '.join(words)}")
        return word

    return convert


@lru_cache(maxsize=256)  # an application writes the same few lists in every document
def events(raw: str) -> tuple[str, ...]:
    """Call progress events separated by commas and/or white space, each once, in the order they happen."""
    words = set(raw.lower().replace(",", " ").split())
    known = tuple([event for event in EVENTS if event in words])
    if not known:
        raise ValueError(f"names none of {', '.join(EVENTS)}")
    if len(known) < len(words):
        raise PartlyWrongError(f"names an event that is none of {', '.join(EVENTS)}", known)
    return known


def caller_id(raw: str) -> str | None:
    """Alphanumeric and ``+-_.`` up to 50, or a SIP URI under 255, perhaps as ``"Display name" <URI>``.  An empty
    one is none (the parent's From)."""
    if raw.rstrip().endswith(">"):
        return _named_caller_id(raw.strip())
    if raw[:5].lower().startswith(("sip:", "sips:")):
        return _sip_caller_id(raw)
    if len(raw) > MAX_CALLER_ID or not _CALLER_ID.issuperset(raw):
        raise ValueError("is neither alphanumeric and +-_. up to 50 characters nor a SIP URI")
    return raw or None


def _named_caller_id(text: str) -> str:
    """name-addr of RFC 3261 §25.1, the name always in quotes."""
    name, _, uri = text[:-1].rpartition("<")
    name = name.strip().strip('"')
    if len(name) > MAX_CALLER_ID or not name.isprintable() or not _NOT_IN_A_NAME.isdisjoint(name):
        raise ValueError('has a display name that is over 50 characters or has one of <>"\\')
    return f'"{name}" <{_sip_caller_id(uri)}>'


def _sip_caller_id(raw: str) -> str:
    scheme, colon, rest = raw.partition(":")
    if not colon or scheme.lower() not in ("sip", "sips") or not rest.strip("@"):
        raise ValueError("is no SIP URI")
    if len(raw) > MAX_SIP_URI or not _URI_CHARACTERS.issuperset(rest):
        raise ValueError("is no SIP URI under 255 characters")
    return raw


def record(raw: str) -> str | None:
    """When recording starts, or None for never."""
    word = raw.strip().lower()
    if word not in RECORD:
        raise ValueError(f"is none of {', '.join(RECORD)}")
    return RECORD[word]


def ring_tone(raw: str) -> str:
    """A country's ringing tone: ``us``, ``uk``, ``de`` …"""
    word = raw.strip().lower()
    if word not in RING_TONES:
        raise ValueError("is no country's tone code (us, uk, de …)")
    return word


def credential(raw: str) -> str | None:
    """A digest user name or password: up to 255 printable characters.  An empty one is none."""
    if len(raw) > MAX_CREDENTIAL or not raw.isprintable():
        raise ValueError("is not up to 255 printable characters")
    return raw or None


def finish_key(raw: str) -> str:
    """One key of the telephone, or '' for none."""
    key = raw.strip()
    if key and (len(key) > 1 or key not in "0123456789*#"):
        raise ValueError("is not one of 0123456789*# (or empty)")
    return key


def dtmf(raw: str) -> str:
    """Digits to send after the answer; ``w`` waits half a second."""
    digits = raw.strip()
    if not 0 < len(digits) <= MAX_DTMF or not frozenset("0123456789*#ABCDabcdwW").issuperset(digits):
        raise ValueError("is not 1 to 64 of 0123456789*#ABCDw")
    return digits


def gather_input(raw: str) -> str:
    """``dtmf``, ``speech`` or ``dtmf speech``."""
    words = set(raw.lower().replace("_", " ").split())
    if not words or not words <= {"dtmf", "speech"}:
        raise ValueError("is none of dtmf, speech, dtmf speech")
    return " ".join(sorted(words))


def text(raw: str) -> str:
    """Any text."""
    return raw.strip()
