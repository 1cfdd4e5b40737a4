"""The attributes of every element, as data: name → field, converter, default, code of a wrong value.

A row is all that the parser knows about an attribute; a new attribute is a new row and a new field, nothing
more. Values, defaults and codes: CONTRACT §2, §3; of the other verbs Restcomm's documents.  Codes:
`catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import values

Converter = Callable[[str], Any]

SCHEMA_WARNING = 12200
BAD_URL = 11100
BAD_EVENT = 21626


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.  A wrong value is a warning and the default, except with ``blames``: the field that then
    gets the `Problem`, as an error, because going on without the value would dial something else."""

    field: str
    convert: Converter
    default: Any
    code: int
    blames: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """The attributes of one element."""

    attributes: dict[str, Attribute]
    also: tuple[str, ...] = ()
    """Fields without an attribute, None unless a wrong value or a child sets them."""
    defaults: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        own = {row.field: row.default for row in self.attributes.values()}
        object.__setattr__(self, "defaults", own | dict.fromkeys(self.also))


_SECONDS = values.integer(1, 600)
_LOOP = values.integer(0, 1_000_000)
_SAY_LANGUAGES = (  # Restcomm's 22
    *("bf", "bp", "en", "en-gb", "cf", "cs", "dan", "fi", "es", "fr", "de"),
    *("el", "it", "nl", "no", "pl", "pt", "ru", "ar", "ca", "sv", "tr"),
)
_SPEECH_LANGUAGES = ("en-US", "en-GB", "es-ES", "it-IT", "fr-FR", "pl-PL", "pt-PT")


def _callbacks(method_code: int) -> dict[str, Attribute]:
    """What every noun has: its screening document and its status callbacks."""
    return {
        "url": Attribute("url", values.url, None, BAD_URL),
        "method": Attribute("method", values.method, "POST", method_code),
        "statusCallback": Attribute("status_callback", values.url, None, BAD_URL),
        "statusCallbackMethod": Attribute("status_callback_method", values.method, "POST", method_code),
        "statusCallbackEvent": Attribute("status_callback_events", values.events, ("completed",), BAD_EVENT),
    }


SAY = Schema(
    {
        "voice": Attribute("voice", values.one_of("man", "woman"), "man", 13511),
        "language": Attribute("language", values.one_of(*_SAY_LANGUAGES), "en", 13512),
        "loop": Attribute("loop", _LOOP, 1, 13510),
    }
)
PLAY = Schema({"loop": Attribute("loop", _LOOP, 1, 13410)})
PAUSE = Schema({"length": Attribute("length", values.integer(1, 86_400), 1, 13910)})
REDIRECT = Schema({"method": Attribute("method", values.method, "POST", 13710)})
REJECT = Schema(
    {"reason": Attribute("reason", values.one_of("rejected", "busy"), "rejected", SCHEMA_WARNING)}
)
HANGUP = Schema({})
GATHER = Schema(
    {
        "action": Attribute("action", values.url, None, BAD_URL),
        "method": Attribute("method", values.method, "POST", 13312),
        "timeout": Attribute("timeout", _SECONDS, 5, 13313),
        "finishOnKey": Attribute("finish_on_key", values.finish_key, "#", 13310),
        "numDigits": Attribute("num_digits", values.integer(1, 1000), None, 13314),
        "input": Attribute("input", values.gather_input, "dtmf", SCHEMA_WARNING),
        "language": Attribute("language", values.spelled(*_SPEECH_LANGUAGES), "en-US", SCHEMA_WARNING),
        "hints": Attribute("hints", values.text, "", SCHEMA_WARNING),
        "partialResultCallback": Attribute("partial_result_callback", values.url, None, BAD_URL),
        "partialResultCallbackMethod": Attribute(
            "partial_result_callback_method", values.method, "POST", 13312
        ),
    }
)
DIAL = Schema(
    {
        "action": Attribute("action", values.url, None, BAD_URL),
        "method": Attribute("method", values.method, "POST", 13210),
        "timeout": Attribute("timeout", _SECONDS, 30, 13212),
        "timeLimit": Attribute("time_limit", values.integer(1, 86_400), 14_400, 13216),
        "callerId": Attribute("caller_id", values.caller_id, None, 13214, blames="caller_id_error"),
        "record": Attribute("record", values.record, None, 13217),
        "hangupOnStar": Attribute("hangup_on_star", values.boolean, default=False, code=13213),
        "answerOnBridge": Attribute("answer_on_bridge", values.boolean, default=False, code=13219),
        "ringTone": Attribute("ring_tone", values.ring_tone, "us", 13220),
        "dialMusic": Attribute("dial_music", values.url, None, 13220),
        "sequential": Attribute("sequential", values.boolean, default=False, code=13218),
        "referUrl": Attribute("refer_url", values.url, None, BAD_URL),
        "referMethod": Attribute("refer_method", values.method, "POST", 13210),
    },
    also=("caller_id_error",),
)
SIP = Schema(
    {
        "name": Attribute("name", values.text, "", 13243),
        **_callbacks(13241),
        "username": Attribute("username", values.credential, None, 13249, blames="problem"),
        "password": Attribute("password", values.credential, None, 13249, blames="problem", secret=True),
        "credentialRef": Attribute("credential_ref", values.credential, None, 13249, blames="problem"),
        "delay": Attribute("delay", values.integer(0, 600), 0, SCHEMA_WARNING),
        "timeout": Attribute("timeout", _SECONDS, None, 13212),
        "priority": Attribute("priority", values.integer(0, 65_535), 0, SCHEMA_WARNING),
        "weight": Attribute("weight", values.integer(1, 65_535), 1, SCHEMA_WARNING),
    },
    also=("video", "problem"),
)
NUMBER = Schema(
    {**_callbacks(13221), "sendDigits": Attribute("send_digits", values.dtmf, None, 13222)},
    also=("problem",),
)
CLIENT = Schema(
    {"name": Attribute("name", values.text, "", SCHEMA_WARNING), **_callbacks(SCHEMA_WARNING)},
    also=("video", "problem"),
)
VIDEO = Schema(
    {
        "enable": Attribute("enable", values.boolean, default=False, code=SCHEMA_WARNING),
        "overlay": Attribute("overlay", values.text, "", SCHEMA_WARNING),
    }
)

NOT_YET_VERBS = frozenset({"Record", "Sms", "Fax", "Email", "Enqueue", "Leave"})
NOT_YET_NOUNS = frozenset({"Conference", "Queue", "Uri"})
"""Elements that exist in RCML and that we do not act on yet: a warning that says so, and they are skipped."""
