"""The words of a call, and the base of everything that crosses a process boundary."""

from __future__ import annotations

from typing import Literal

import msgspec

CallStatus = Literal[
    "queued", "initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "canceled", "failed"
]
Direction = Literal["inbound", "outbound-api", "outbound-dial"]
Method = Literal["GET", "POST"]
CallEvent = Literal["initiated", "ringing", "answered", "completed"]


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of everything that crosses a process boundary: frozen, compared by value, JSON without defaults."""


class Quota(Value, frozen=True):
    """The account is at a limit: ``left`` calls may still be placed, any other fails with ``code``."""

    left: int
    code: int


class Contact(Value, frozen=True):
    """One binding of a client: a telephone that registered.

    ``uri`` is what it asked to be called at, ``received`` where its REGISTER came from, as a SIP URI: behind NAT only
    the second can be reached, and only from ``task``.  ``expires_at`` and ``registered_at``: seconds since the epoch.
    ``aor``: the address-of-record, the To of a call to it.  ``q``: how much it is wanted, 0 to 1 (§20.10).  ``call_id``
    and ``cseq`` order the REGISTERs of one telephone.
    """

    uri: str
    received: str
    expires_at: float
    registered_at: float
    q: float = 1.0
    call_id: str = ""
    cseq: int = 0
    task: str = ""
    aor: str = ""


class BaseEvent(Value, frozen=True, kw_only=True):
    """``at``: seconds since the epoch.  ``entropy``: fresh hex text from which a step derives new identifiers.

    ``quota``: of the calls that this event has the step place; filled in by the step function, None without limit.
    ``contacts``: of the clients that this event has the step dial, by name; filled in by the step function.
    """

    at: float
    entropy: str = ""
    quota: Quota | None = None
    contacts: dict[str, tuple[Contact, ...]] = msgspec.field(default_factory=dict)
