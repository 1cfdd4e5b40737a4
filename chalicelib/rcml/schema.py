"""The attributes of every element, as data: name → field, converter, default, code of a wrong value.

A row is all that the parser knows about an attribute; a new attribute is a new row and a new field, nothing
more. Values, defaults and codes: docs/contract.md §2, §3; of the other verbs Restcomm's documents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..catalogue import Code
from . import values

Converter = Callable[[str], Any]


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
        "url": Attribute("url", values.url, None, Code.INVALID_URL),
        "method": Attribute("method", values.method, "POST", method_code),
        "statusCallback": Attribute("status_callback", values.url, None, Code.INVALID_URL),
        "statusCallbackMethod": Attribute("status_callback_method", values.method, "POST", method_code),
        "statusCallbackEvent": Attribute(
            "status_callback_events", values.events, ("completed",), Code.INVALID_STATUS_CALLBACK_EVENT
        ),
    }


SAY = Schema(
    {
        "voice": Attribute("voice", values.one_of("man", "woman"), "man", Code.SAY_INVALID_VOICE),
        "language": Attribute("language", values.one_of(*_SAY_LANGUAGES), "en", Code.SAY_INVALID_LANGUAGE),
        "loop": Attribute("loop", _LOOP, 1, Code.SAY_INVALID_LOOP),
    }
)
PLAY = Schema({"loop": Attribute("loop", _LOOP, 1, Code.PLAY_INVALID_LOOP)})
PAUSE = Schema({"length": Attribute("length", values.integer(1, 86_400), 1, Code.PAUSE_INVALID_LENGTH)})
REDIRECT = Schema({"method": Attribute("method", values.method, "POST", Code.REDIRECT_INVALID_METHOD)})
REJECT = Schema(
    {"reason": Attribute("reason", values.one_of("rejected", "busy"), "rejected", Code.SCHEMA_WARNING)}
)
HANGUP = Schema({})
GATHER = Schema(
    {
        "action": Attribute("action", values.url, None, Code.INVALID_URL),
        "method": Attribute("method", values.method, "POST", Code.GATHER_INVALID_METHOD),
        "timeout": Attribute("timeout", _SECONDS, 5, Code.GATHER_INVALID_TIMEOUT),
        "finishOnKey": Attribute("finish_on_key", values.finish_key, "#", Code.GATHER_INVALID_FINISH_ON_KEY),
        "numDigits": Attribute("num_digits", values.integer(1, 1000), None, Code.GATHER_INVALID_NUM_DIGITS),
        "input": Attribute("input", values.gather_input, "dtmf", Code.SCHEMA_WARNING),
        "language": Attribute("language", values.spelled(*_SPEECH_LANGUAGES), "en-US", Code.SCHEMA_WARNING),
        "hints": Attribute("hints", values.text, "", Code.SCHEMA_WARNING),
        "partialResultCallback": Attribute("partial_result_callback", values.url, None, Code.INVALID_URL),
        "partialResultCallbackMethod": Attribute(
            "partial_result_callback_method", values.method, "POST", Code.GATHER_INVALID_METHOD
        ),
    }
)
DIAL = Schema(
    {
        "action": Attribute("action", values.url, None, Code.INVALID_URL),
        "method": Attribute("method", values.method, "POST", Code.DIAL_INVALID_METHOD),
        "timeout": Attribute("timeout", _SECONDS, 30, Code.DIAL_INVALID_TIMEOUT),
        "timeLimit": Attribute("time_limit", values.integer(1, 86_400), 14_400, Code.DIAL_INVALID_TIME_LIMIT),
        "callerId": Attribute(
            "caller_id", values.caller_id, None, Code.DIAL_INVALID_CALLER_ID, blames="caller_id_error"
        ),
        "record": Attribute("record", values.record, None, Code.DIAL_INVALID_RECORD),
        "hangupOnStar": Attribute(
            "hangup_on_star", values.boolean, default=False, code=Code.DIAL_INVALID_HANGUP_ON_STAR
        ),
        "answerOnBridge": Attribute(
            "answer_on_bridge", values.boolean, default=False, code=Code.DIAL_INVALID_ANSWER_ON_BRIDGE
        ),
        "ringTone": Attribute("ring_tone", values.ring_tone, "us", Code.DIAL_INVALID_RING_TONE),
        "dialMusic": Attribute("dial_music", values.url, None, Code.DIAL_INVALID_RING_TONE),
        "sequential": Attribute(
            "sequential", values.boolean, default=False, code=Code.DIAL_INVALID_SEQUENTIAL
        ),
        "referUrl": Attribute("refer_url", values.url, None, Code.INVALID_URL),
        "referMethod": Attribute("refer_method", values.method, "POST", Code.DIAL_INVALID_METHOD),
    },
    also=("caller_id_error",),
)
SIP = Schema(
    {
        "name": Attribute("name", values.text, "", Code.SIP_INVALID_URI),
        **_callbacks(Code.SIP_INVALID_METHOD),
        "username": Attribute(
            "username", values.credential, None, Code.SIP_INVALID_CREDENTIALS, blames="problem"
        ),
        "password": Attribute(
            "password", values.credential, None, Code.SIP_INVALID_CREDENTIALS, blames="problem", secret=True
        ),
        "credentialRef": Attribute(
            "credential_ref", values.credential, None, Code.SIP_INVALID_CREDENTIALS, blames="problem"
        ),
        "delay": Attribute("delay", values.integer(0, 600), 0, Code.SCHEMA_WARNING),
        "timeout": Attribute("timeout", _SECONDS, None, Code.DIAL_INVALID_TIMEOUT),
        "priority": Attribute("priority", values.integer(0, 65_535), 0, Code.SCHEMA_WARNING),
        "weight": Attribute("weight", values.integer(1, 65_535), 1, Code.SCHEMA_WARNING),
    },
    also=("video", "problem"),
)
NUMBER = Schema(
    {
        **_callbacks(Code.NUMBER_INVALID_METHOD),
        "sendDigits": Attribute("send_digits", values.dtmf, None, Code.NUMBER_INVALID_SEND_DIGITS),
    },
    also=("problem",),
)
CLIENT = Schema(
    {"name": Attribute("name", values.text, "", Code.SCHEMA_WARNING), **_callbacks(Code.SCHEMA_WARNING)},
    also=("video", "problem"),
)
VIDEO = Schema(
    {
        "enable": Attribute("enable", values.boolean, default=False, code=Code.SCHEMA_WARNING),
        "overlay": Attribute("overlay", values.text, "", Code.SCHEMA_WARNING),
    }
)

NOT_YET_VERBS = frozenset({"Record", "Sms", "Fax", "Email", "Enqueue", "Leave"})
NOT_YET_NOUNS = frozenset({"Conference", "Queue", "Uri"})
"""Elements that exist in RCML and that we do not act on yet: a warning that says so, and they are skipped."""
