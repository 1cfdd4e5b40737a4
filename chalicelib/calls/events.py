"""What can happen to a session.  Each event carries its time and the randomness that its step may need.

The signaling task reports what SIP and media did; the driver reports fetches; the API and the reaper report
decisions.  An event that does not fit the state it meets is recorded and ignored (never an exception).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..sip.headers import Headers
from ..sip.status import Status
from .session import Application, Launch
from .types import BaseEvent, Method, Value


class Incoming(BaseEvent, frozen=True, tag="incoming"):
    """An INVITE came in and is held with no answer yet.  ``application`` is filled in by the step function.

    ``max_forwards``: proxies and B2BUAs that it may still pass; 70 when it does not say (RFC 3261 §8.1.1.6).
    """

    call: str
    to: str
    from_: str = msgspec.field(name="from")
    caller_name: str = ""
    forwarded_from: str = ""
    sip_call_id: str = ""
    sip_source_ip: str = ""
    sip_domain: str = ""
    headers: Headers = ()
    max_forwards: int = 70
    task: str = ""
    application: Application | None = None


class Created(BaseEvent, frozen=True, tag="created"):
    """POST Calls: a call that some task is to place."""

    call: str
    to: str
    from_: str = msgspec.field(name="from")
    application: Application
    launch: Launch


class Claimed(BaseEvent, frozen=True, tag="claimed"):
    """A task took a created call from the outbound queue and will place it."""

    task: str


class Invited(BaseEvent, frozen=True, tag="invited"):
    """The INVITE of ``call`` is out."""

    call: str
    sip_call_id: str


RINGING = frozenset({Status.RINGING, Status.SESSION_PROGRESS})
"""The provisional responses that say that a callee's telephone rings.  181, 182 and 199 have other meanings."""


class Provisional(BaseEvent, frozen=True, tag="provisional"):
    """180 or 183 came for ``call``."""

    call: str
    code: int
    reason: str = ""


class Answered(BaseEvent, frozen=True, tag="answered"):
    """A 200 came for ``call`` (outbound), or our 200 went out (inbound).  ``headers``: its X- headers."""

    call: str
    headers: Headers = ()


class Bridged(BaseEvent, frozen=True, tag="bridged"):
    """``call`` (a leg) and the parent hear each other; the task has begun to cancel the other legs."""

    call: str


class RecordingStarted(BaseEvent, frozen=True, tag="recording-started"):
    """The Dial of ``call`` (the parent) is being recorded as ``recording``, which will be at ``url``."""

    call: str
    recording: str
    url: str


class RecordingEnded(BaseEvent, frozen=True, tag="recording-ended"):
    """``recording`` is ``seconds`` long and is being uploaded.

    ``error``: catalogue code when it could not be started (without a RecordingStarted before) or was cut short.
    """

    call: str
    recording: str
    seconds: float = 0.0
    error: int = 0


class Starred(BaseEvent, frozen=True, tag="starred"):
    """The caller ``call`` pressed ``*`` during a Dial with ``hangup_on_star``."""

    call: str


class Referred(BaseEvent, frozen=True, tag="referred"):
    """The bridged call ``call`` sent REFER (RFC 3515), and the task has accepted it with 202.

    ``target``: the URI of Refer-To.  ``referred_by``: that of Referred-By (RFC 3892), where there is one.
    """

    call: str
    target: str
    referred_by: str = ""


class RingTimeout(BaseEvent, frozen=True, tag="ring-timeout"):
    """Nobody answered ``call`` within its limit; the task has begun to cancel it."""

    call: str


class Ended(BaseEvent, frozen=True, tag="ended"):
    """``call`` is over: its dialog is gone, or it never came to be.  The last event of every call.

    ``code``, ``reason``, ``headers``: of the final response to our INVITE where there was one (0 where not).
    ``error``: catalogue code when the call failed on our side (13254 address refused, 32011 unreachable …).
    """

    call: str
    code: int = 0
    reason: str = ""
    headers: Headers = ()
    error: int = 0


class Performed(BaseEvent, frozen=True, tag="performed"):
    """The performance ``id`` on ``call`` ended.  ``digits``: what Gather collected, without the finish key."""

    call: str
    id: str
    digits: str = ""
    error: int = 0


class Fetched(BaseEvent, frozen=True, tag="fetched"):
    """The answer to Fetch ``id``.  ``error`` (catalogue code, 0 = none) tells why there is no ``body``.

    ``url`` is where the body came from after redirects.
    """

    call: str
    id: str
    status: int = 0
    content_type: str = ""
    body: str = ""
    url: str = ""
    error: int = 0


class CallChange(Value, frozen=True):
    """What POST Calls/{CallSid} asks of a call: ``status`` ends it, else it runs the document at ``url`` or ``rcml``.

    Exactly one of the three is set.  ``with_peer``: the call that it is bridged to runs the document too
    (MoveConnectedCallLeg).
    """

    status: Literal["", "canceled", "completed"] = ""
    url: str = ""
    method: Method = "POST"
    rcml: str = ""
    with_peer: bool = False


class Changed(BaseEvent, frozen=True, tag="changed"):
    """The API asked for ``change`` of the call."""

    call: str
    change: CallChange


class Abandoned(BaseEvent, frozen=True, tag="abandoned"):
    """The task cannot have the session stepped any more, and is hanging up all its calls.

    ``error``: catalogue code, which the calls fail with.  ``call``: the parent.
    """

    call: str
    error: int


class TaskLost(BaseEvent, frozen=True, tag="task-lost"):
    """The task that owned the session is dead; the reaper ends what it left."""

    task: str


Event = (
    Incoming
    | Created
    | Claimed
    | Invited
    | Provisional
    | Answered
    | Bridged
    | RecordingStarted
    | RecordingEnded
    | Starred
    | Referred
    | RingTimeout
    | Ended
    | Performed
    | Fetched
    | Changed
    | Abandoned
    | TaskLost
)
