"""The parameters of POST Calls and POST Calls/{CallSid}, checked (docs/contract.md §6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import parse_qs, urlsplit

from ..calls.events import CallChange
from ..calls.session import MOST_URL, Application, Launch, StatusHook
from ..calls.types import CallEvent, Method
from ..catalogue import Code
from ..sip import is_sip, parse_uri
from ..storage.secrets import PasswordTooLongError
from .errors import InvalidError

TIMEOUT = (1, 600, 60)
# 0 where none is asked for: the limit that any call has, which a Dial may extend.
TIME_LIMIT = (1, 86400, 0)
RCML_CHARACTERS = 64 * 1024
CALLER = re.compile(r"[A-Za-z0-9+\-_.]{1,50}")
# Perhaps with ?header=value behind it, as of a SIP URI.
NUMBER = re.compile(r"(?=[^?]*[0-9])[0-9+*#().\- ]{1,50}(?:\?\S{0,1024})?")
CLIENT = re.compile(r"client:[^\s?]{1,100}(?:\?\S{0,1024})?")
CREATING = frozenset(
    {"To", "From", "Url", "Rcml", "Twiml", "Method", "FallbackUrl", "FallbackMethod", "StatusCallback"}
    | {"StatusCallbackMethod", "StatusCallbackEvent", "Timeout", "TimeLimit", "Record"}
    | {"SipAuthUsername", "SipAuthPassword"}
)
CHANGING = frozenset({"Status", "Url", "Rcml", "Twiml", "Method", "MoveConnectedCallLeg"})
CHANGE_BYTES = 200_000  # of a document on its way to a task: a message of SQS holds 256 KiB
SHOWN = 200
Ending = Literal["canceled", "completed"]
EVENTS: tuple[CallEvent, ...] = get_args(CallEvent)


class Form:
    """A form-encoded body: each name with all its values."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    @classmethod
    def parse(cls, body: bytes) -> Form:
        """Read ``body`` (application/x-www-form-urlencoded, UTF-8)."""
        try:
            return cls(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=200))
        except ValueError:
            raise InvalidError(Code.INVALID_PARAMETER, "The body is no form in UTF-8") from None

    def all(self, name: str) -> list[str]:
        """Every value of ``name``."""
        return list(self._values.get(name, ()))

    def get(self, name: str) -> str:
        """The last value of ``name``, empty when it is not there."""
        return self._values[name][-1].strip() if self._values.get(name) else ""

    def allow(self, names: frozenset[str]) -> None:
        """Raises InvalidError for a parameter not in ``names``: one that has no effect is refused, not ignored."""
        unknown = ", ".join(sorted(set(self._values) - names))
        if unknown:
            raise InvalidError(
                Code.INVALID_PARAMETER, f"Parameters that are not supported here: {unknown[:SHOWN]}"
            )

    def pairs(self) -> list[tuple[str, str]]:
        """All names with their values, sorted."""
        return sorted((name, value) for name, values in self._values.items() for value in values)


@dataclass(frozen=True)
class Sealing:
    """How secrets leave the request: ``password`` seals one, ``document`` those in an RCML text."""

    password: Callable[[str], str]
    document: Callable[[str], str]


@dataclass(frozen=True)
class NewCall:
    """What POST Calls asks for."""

    to: str
    from_: str
    application: Application
    launch: Launch


def new_call(account_sid: str, form: Form, sealing: Sealing, check_target: Callable[[str], None]) -> NewCall:
    """Check ``form``; raises InvalidError.  ``check_target`` raises it for a SIP URI that cannot be dialled."""
    form.allow(CREATING)
    if form.get("Record").lower() not in ("", "false"):
        raise InvalidError(Code.INVALID_PARAMETER, "Record: calls cannot be recorded yet")
    url, rcml = form.get("Url"), form.get("Rcml") or form.get("Twiml")
    if bool(url) == bool(rcml):
        raise InvalidError(Code.CALL_INVALID_URL, "Exactly one of Url and Rcml is required")
    if len(rcml) > RCML_CHARACTERS:
        raise InvalidError(Code.CALL_INVALID_RCML, f"Rcml is longer than {RCML_CHARACTERS} characters")
    application = Application(
        account_sid=account_sid,
        url=_url(form, "Url", Code.CALL_INVALID_URL),
        method=_method(form, "Method"),
        rcml=_sealed(sealing.document, rcml, "Rcml", Code.CALL_INVALID_RCML),
        fallback_url=_url(form, "FallbackUrl", Code.CALL_INVALID_CALLBACK_URL),
        fallback_method=_method(form, "FallbackMethod"),
        status_hook=_hook(form),
    )
    to, from_ = _to(form, check_target), _from(form, check_target)
    return NewCall(to, from_, application, _launch(form, sealing))


def call_change(form: Form, sealing: Sealing) -> CallChange:
    """Check ``form``; raises InvalidError unless it has exactly one of Status, Url and Rcml."""
    form.allow(CHANGING)
    status, url, rcml = form.get("Status"), form.get("Url"), form.get("Rcml") or form.get("Twiml")
    if bool(status) + bool(url) + bool(rcml) != 1:
        raise InvalidError(Code.INVALID_PARAMETER, "Exactly one of Status, Url and Rcml is required")
    if status:
        return CallChange(_ending(form, status))
    if len(rcml) > RCML_CHARACTERS:
        raise InvalidError(Code.CALL_INVALID_RCML, f"Rcml is longer than {RCML_CHARACTERS} characters")
    sealed = _sealed(sealing.document, rcml, "Rcml", Code.CALL_INVALID_RCML)
    if len(sealed.encode()) > CHANGE_BYTES:
        raise InvalidError(
            Code.CALL_INVALID_RCML, f"Rcml is longer than {CHANGE_BYTES} bytes; serve it at a Url"
        )
    with_peer = _truth(form, "MoveConnectedCallLeg")
    return CallChange(
        "", _url(form, "Url", Code.CALL_INVALID_URL), _method(form, "Method"), sealed, with_peer
    )


def _ending(form: Form, status: str) -> Ending:
    if status not in ("completed", "canceled"):
        raise InvalidError(Code.INVALID_PARAMETER, "Status must be completed or canceled")
    if form.get("Method") or form.get("MoveConnectedCallLeg"):
        raise InvalidError(
            Code.INVALID_PARAMETER, "Method and MoveConnectedCallLeg go with Url or Rcml, not with Status"
        )
    return "completed" if status == "completed" else "canceled"


def _truth(form: Form, name: str) -> bool:
    text = form.get(name).lower()
    if text not in ("", "true", "false"):
        raise InvalidError(Code.INVALID_PARAMETER, f"{name} must be true or false")
    return text == "true"


def _to(form: Form, check_target: Callable[[str], None]) -> str:
    to = form.get("To")
    if not to:
        raise InvalidError(Code.CALL_NO_TO, "To is missing")
    if is_sip(to):
        check_target(to)
        return _without_password(to)
    if not (NUMBER.fullmatch(to) or CLIENT.fullmatch(to)):
        raise InvalidError(
            Code.CALL_INVALID_TO, "To is neither a telephone number, client:NAME nor a SIP URI"
        )
    return to


def _without_password(uri: str) -> str:
    """A URI's password (RFC 3261 §19.1.1) answers no challenge here, and what is not kept cannot be shown."""
    kept, mark, headers = uri.strip().partition("?")
    return parse_uri(kept).without_headers + mark + headers


def _from(form: Form, check_target: Callable[[str], None]) -> str:
    from_ = form.get("From")
    if not from_:
        raise InvalidError(Code.CALL_NO_FROM, "From is missing")
    if is_sip(from_):
        check_target(from_)
        return _without_password(from_)
    if not CALLER.fullmatch(from_):
        raise InvalidError(Code.CALL_INVALID_FROM, "From is neither a caller id nor a SIP URI")
    return from_


def _launch(form: Form, sealing: Sealing) -> Launch:
    username, password = form.get("SipAuthUsername"), (form.all("SipAuthPassword") or [""])[-1]
    if password and not username:
        raise InvalidError(Code.CALL_INVALID_CREDENTIALS, "SipAuthPassword needs SipAuthUsername")
    if username and not is_sip(form.get("To")):
        raise InvalidError(
            Code.CALL_INVALID_CREDENTIALS, "SipAuthUsername is for a SIP URI; a trunk has its own credentials"
        )
    return Launch(
        timeout=_seconds(form, "Timeout", TIMEOUT),
        time_limit=_seconds(form, "TimeLimit", TIME_LIMIT),
        username=username,
        password=_sealed(sealing.password, password, "SipAuthPassword", Code.CALL_INVALID_CREDENTIALS),
    )


def _sealed(seal: Callable[[str], str], text: str, name: str, code: Code) -> str:
    try:
        return seal(text) if text else ""
    except PasswordTooLongError as error:
        raise InvalidError(code, f"{name}: a password has {error}") from None


def _seconds(form: Form, name: str, bounds: tuple[int, int, int]) -> int:
    low, high, default = bounds
    text = form.get(name)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
        raise InvalidError(Code.INVALID_PARAMETER, f"{name} must be {low} to {high} seconds")
    return int(text)


def _hook(form: Form) -> StatusHook | None:
    url = _url(form, "StatusCallback", Code.CALL_INVALID_CALLBACK_URL)
    if not url:
        return None
    named = re.split(r"[\s,]+", " ".join(form.all("StatusCallbackEvent")).strip())
    wrong = sorted(set(named) - set(EVENTS) - {""})
    if wrong:
        raise InvalidError(
            Code.INVALID_STATUS_CALLBACK_EVENT, f"StatusCallbackEvent must be of {', '.join(EVENTS)}"
        )
    events = tuple(event for event in EVENTS if event in named)
    return StatusHook(url, _method(form, "StatusCallbackMethod"), events or ("completed",))


def _url(form: Form, name: str, code: Code) -> str:
    text = form.get(name)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= MOST_URL
    except ValueError:
        valid = False
    if not valid:
        raise InvalidError(code, f"{name} is no absolute http(s) URL of at most {MOST_URL} characters")
    return text


def _method(form: Form, name: str) -> Method:
    method = form.get(name).upper() or "POST"
    if method not in ("GET", "POST"):
        raise InvalidError(Code.INVALID_PARAMETER, f"{name} must be GET or POST")
    return cast("Method", method)
