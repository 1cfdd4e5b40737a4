"""Where a client can be reached: what a REGISTER says, and what is kept of it (RFC 3261 §10).

The task that a REGISTER came to and the register function speak by the types of this module.  Its rules are those of
§10.3, which numbers the steps that are named here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from email.utils import formatdate
from urllib.parse import unquote

from ..sip import InvalidAddressError, InvalidSipUri, parse_uri
from ..sip.contacts import ContactValue, read_contacts, read_seconds, same_address
from ..sip.headers import Headers
from ..sip.status import Status
from .types import Contact, Value

METHOD = "REGISTER"
DEFAULT_SECONDS, LEAST_SECONDS, MOST_SECONDS = 3600, 60, 86400
MOST_CONTACTS = 5


class Registration(Value, frozen=True):
    """A REGISTER whose Authorization answers a fresh challenge of the task; the proof is not checked yet.

    ``aor``: the URI of its To.  ``contacts``, ``expires`` and ``require`` are as they were in the message.
    """

    at: float
    aor: str
    authorization: str
    call_id: str
    cseq: int
    received: str
    task: str
    contacts: tuple[str, ...] = ()
    expires: str = ""
    require: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Registration({self.call_id!r}, {self.cseq})"


class Registered(Value, frozen=True):
    """The response to a REGISTER: its code, and headers beside those that every response has."""

    code: int
    headers: Headers = ()


class RefusedError(Exception):
    """The REGISTER is answered with ``code`` and ``headers``, and changes nothing."""

    def __init__(self, code: int, headers: Headers = ()) -> None:
        super().__init__(str(code))
        self.code = code
        self.headers = headers


Rule = Callable[[tuple[Contact, ...]], tuple[Contact, ...]]


def live(contacts: tuple[Contact, ...], at: float) -> tuple[Contact, ...]:
    """Those that have not expired at ``at``, the highest ``q`` first, among equal ones the newest."""
    left = (contact for contact in contacts if contact.expires_at > at)
    return tuple(sorted(left, key=lambda contact: (-contact.q, -contact.registered_at)))


def subject(registration: Registration) -> tuple[str, str]:
    """Name of the client and domain that the REGISTER is for (step 5).  Raises RefusedError."""
    try:
        uri = parse_uri(registration.aor)
    except InvalidSipUri:
        raise RefusedError(Status.BAD_REQUEST) from None
    if not uri.user:
        raise RefusedError(Status.NOT_FOUND)
    return unquote(uri.user), uri.host


def rule_of(registration: Registration) -> Rule:
    """What the REGISTER does to the contacts of its client (steps 6 and 7).

    Raises RefusedError, here for what is wrong with the REGISTER itself, and the rule for one that comes too late.
    """
    if registration.require:
        raise RefusedError(Status.BAD_EXTENSION, (("Unsupported", ", ".join(registration.require)),))
    try:
        asked = read_contacts(registration.contacts)
    except InvalidAddressError:
        raise RefusedError(Status.BAD_REQUEST) from None
    if asked is None:
        if read_seconds(registration.expires) != 0:
            raise RefusedError(Status.BAD_REQUEST)
        return lambda before: _removed(registration, before)
    bindings = tuple((contact, _lifetime(contact, registration)) for contact in asked)
    return lambda before: _bound(registration, bindings, before)


def accepted(contacts: tuple[Contact, ...], at: float) -> Registered:
    """The 200 with all contacts and the seconds that each has left (step 8)."""
    lines = tuple(("Contact", _listed(contact, at)) for contact in live(contacts, at))
    return Registered(Status.OK, (*lines, ("Date", formatdate(at, usegmt=True))))


def _listed(contact: Contact, at: float) -> str:
    q = "" if contact.q == 1.0 else f";q={contact.q:g}"
    return f"<{contact.uri}>{q};expires={math.ceil(contact.expires_at - at)}"


def _lifetime(contact: ContactValue, registration: Registration) -> int:
    """Seconds: the contact's own, else the message's, else our default; 0 removes the contact."""
    seconds = contact.expires
    if seconds is None:
        seconds = read_seconds(registration.expires)
    if seconds is None:
        seconds = DEFAULT_SECONDS
    if 0 < seconds < LEAST_SECONDS:
        raise RefusedError(Status.INTERVAL_TOO_BRIEF, (("Min-Expires", str(LEAST_SECONDS)),))
    return min(seconds, MOST_SECONDS)


def _removed(registration: Registration, before: tuple[Contact, ...]) -> tuple[Contact, ...]:
    for contact in before:
        _check_order(registration, contact)
    return ()


def _bound(
    registration: Registration, bindings: tuple[tuple[ContactValue, int], ...], before: tuple[Contact, ...]
) -> tuple[Contact, ...]:
    """All changes or none.  When there are more contacts than a client may have, the newest stay."""
    replaced: set[Contact] = set()
    made: list[Contact] = []
    for asked, seconds in bindings:
        for present in before:
            if same_address(parse_uri(present.uri), asked.uri):
                _check_order(registration, present)
                replaced.add(present)
        made = [each for each in made if not same_address(parse_uri(each.uri), asked.uri)]
        if seconds:
            made.append(_contact(registration, asked, seconds))
    kept = [contact for contact in before if contact not in replaced]
    newest = sorted([*made, *kept], key=lambda contact: -contact.registered_at)
    return tuple(newest[:MOST_CONTACTS]) if made else tuple(kept)


def _check_order(registration: Registration, present: Contact) -> None:
    """A REGISTER fails if the same telephone, known by its Call-ID, has sent one with the same CSeq or higher (step 7).

    A repetition of the very REGISTER that wrote the contact passes: DynamoDB may have written it without answering.
    """
    if present.call_id != registration.call_id or registration.cseq > present.cseq:
        return
    if (present.cseq, present.registered_at) != (registration.cseq, registration.at):
        raise RefusedError(Status.SERVER_INTERNAL_ERROR)


def _contact(registration: Registration, asked: ContactValue, seconds: int) -> Contact:
    return Contact(
        uri=str(asked.uri),
        received=registration.received,
        expires_at=registration.at + seconds,
        registered_at=registration.at,
        q=asked.q,
        call_id=registration.call_id,
        cseq=registration.cseq,
        task=registration.task,
        aor=registration.aor,
    )
