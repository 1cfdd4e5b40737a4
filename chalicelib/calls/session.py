"""The state of a session: a parent call, the child calls its Dials made, and what each of them is running.

A session is immutable; every step makes the next one.  It is stored as JSON in each row of the call log, so a
session can be rebuilt, replayed and drawn from its last row alone.

Times are seconds since the epoch (UTC) as they came in with the events.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..sip.headers import Headers as Headers
from .routing.policy import Policy
from .types import CallEvent, CallStatus, Direction, Method, Value

MOST_URL = 4096
"""Characters of a URL.  More than a server takes, and each verb of a document may have one."""


class StatusHook(Value, frozen=True):
    """Where a call reports its progress, and which events it reports (docs/contract.md §3)."""

    url: str
    method: Method = "POST"
    events: tuple[CallEvent, ...] = ("completed",)


class Application(Value, frozen=True):
    """What a call runs when it starts: a document by ``url`` or given as ``rcml``, and where it reports.

    Exactly one of ``url`` and ``rcml`` is set.  ``policy`` is the account's, filled in by the step function.
    """

    account_sid: str
    url: str = ""
    method: Method = "POST"
    rcml: str = ""
    fallback_url: str = ""
    fallback_method: Method = "POST"
    status_hook: StatusHook | None = None
    strict_sip: bool = False
    policy: Policy | None = None


class WaitsFor(Value, frozen=True):
    """What moves a run on: the end of this fetch or performance.  An event with another id is late and ignored."""

    kind: Literal["fetch", "performance"]
    id: str


class Run(Value, frozen=True):
    """A call runs a document: which one, where in it, and what it is waiting for.

    ``document`` is the SHA-256 (hex) of the text in ``Session.documents``; empty while the first fetch is under
    way.  ``base_url`` resolves the document's relative URLs.  ``position`` counts top-level verbs.
    ``hops`` counts fetches since the call last heard or did something, to stop documents that redirect for ever.
    A call that still rings may have the run that begins with its answer: then ``document``, or else the one to be
    fetched from ``base_url`` by ``method``.
    """

    document: str = ""
    base_url: str = ""
    method: Method = "POST"
    position: int = 0
    waits_for: WaitsFor | None = None
    fallback_url: str = ""
    fallback_method: Method = "POST"
    hops: int = 0

    @property
    def fetching(self) -> str:
        """The id of the fetch that it waits for; empty when it waits for none."""
        return self.waits_for.id if self.waits_for is not None and self.waits_for.kind == "fetch" else ""


class Recorded(Value, frozen=True):
    """The recording of a Dial: ``url`` is empty until it runs, ``seconds`` None until it has ended.

    ``started_at``: seconds since the epoch.
    """

    sid: str
    url: str = ""
    seconds: float | None = None
    started_at: float = 0.0


class Referral(Value, frozen=True):
    """The application is being asked (fetch ``request``) where the other party of ``transferor`` is to go."""

    transferor: str
    request: str


class Dial(Value, frozen=True):
    """A Dial under way in the call that runs the document.  ``legs`` are CallSids in the order they were dialled.

    ``rounds``: the places of the nouns that wait until every leg is out.  ``starred``: the caller's ``*`` ended it.
    ``refer_url``: asked when a party sends REFER; empty: no party may.
    """

    legs: tuple[str, ...]
    action: str = ""
    method: Method = "POST"
    bridged: str = ""
    bridged_at: float = 0.0
    accepted: str = ""
    recorded: Recorded | None = None
    rounds: tuple[tuple[int, ...], ...] = ()
    starred: bool = False
    refer_url: str = ""
    refer_method: Method = "POST"
    referral: Referral | None = None


class Call(Value, frozen=True):
    """One call of a session.

    ``ending`` is the status the call gets because of what *we* decided (our CANCEL, our timeout, the task's
    death); empty while the remote party's answer decides.  ``sequence`` is the SequenceNumber of the next status
    callback.  ``headers`` are the X- headers of the INVITE (inbound) or of the 200 (outbound); ``final_headers``
    those of the final response to our INVITE, whatever its code.  ``independent``: the API took the call out of the
    Dial that made it.  ``unheard``: the ids of fetches under way whose answers nobody runs.
    """

    sid: str
    direction: Direction
    to: str
    created_at: float
    from_: str = msgspec.field(default="", name="from")
    status: CallStatus = "queued"
    parent_sid: str = ""
    caller_name: str = ""
    forwarded_from: str = ""
    sip_call_id: str = ""
    sip_source_ip: str = ""
    sip_domain: str = ""
    headers: Headers = ()
    final_headers: Headers = ()
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ending: CallStatus | Literal[""] = ""
    sip_code: int = 0
    sip_reason: str = ""
    error: int = 0
    hook: StatusHook | None = None
    sequence: int = 0
    screening_url: str = ""
    screening_method: Method = "POST"
    run: Run | None = None
    dial: Dial | None = None
    independent: bool = False
    unheard: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """The call has ended: no command may name it any more."""
        return self.ended_at is not None

    @property
    def dialled_by_document(self) -> bool:
        """A Dial made the call and has not let it go: it runs no document of its own but a screening one."""
        return bool(self.parent_sid) and not self.independent

    @property
    def answered(self) -> bool:
        """A 200 came, or went out, at some time."""
        return self.answered_at is not None


class Launch(Value, frozen=True):
    """How an API call dials out.  ``password`` is sealed; ``timeout`` and ``time_limit`` in seconds (0: none asked)."""

    timeout: int = 60
    time_limit: int = 0
    username: str = ""
    password: str = ""
    credential_ref: str = ""


class Session(Value, frozen=True):
    """A parent call and its children, keyed by CallSid.  The parent's CallSid is the session's name.

    ``documents`` holds the text of every document that a live run still needs, under its SHA-256; the log stores
    each text once and puts it back here on reading.  ``task`` owns the session; ``epoch`` grows when the owner
    changes.  ``launch`` is what an API call needs to dial out; it is kept until a task claims the call.
    ``max_forwards`` is that of the INVITE that came in.
    """

    sid: str
    account_sid: str
    calls: dict[str, Call]
    documents: dict[str, str] = msgspec.field(default_factory=dict)
    application: Application | None = None
    task: str = ""
    epoch: int = 0
    launch: Launch | None = None
    max_forwards: int = 70

    @property
    def parent(self) -> Call:
        """The call that runs the application's document."""
        return self.calls[self.sid]

    @property
    def over(self) -> bool:
        """Every call has ended and no request that must still be made is under way."""
        return all(call.over and call.run is None and not call.unheard for call in self.calls.values())
