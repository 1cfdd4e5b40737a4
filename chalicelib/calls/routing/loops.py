"""Loop detection: an INVITE lists the addresses of ours that its call has visited, and how far it may still go.

A B2BUA hides a loop from the proxies around it: to them each of its INVITEs is a new one (RFC 7332).  So an INVITE
that a document dials takes over Max-Forwards from the one that came in, less one (RFC 3261 §16.6, step 3), and lists in
a header of ours the addresses of ours that the call has visited.  Why both: docs/decisions/0007.
"""

from __future__ import annotations

import hashlib

from ... import sip
from ...catalogue import Code
from ...sip.headers import Headers
from ...sip.status import Status
from ..events import Incoming
from ..session import Call, Session

HEADER = "X-CallAPI-Hops"
MOST_VISITS = 4
"""Addresses of ours that one call may pass through.  A fork of ten that dials itself grows tenfold with each."""
_MARK = 12


def refusal(event: Incoming) -> int:
    """The final response to an INVITE that must not go on, 0 for any other (RFC 3261 §16.3, items 3 and 4).

    483: no hop is left, of the network's or of ours.  482: it has been at this very address before.
    """
    visits = _visits(event.headers)
    if event.max_forwards <= 0 or len(visits) >= MOST_VISITS:
        return Status.TOO_MANY_HOPS
    return Status.LOOP_DETECTED if _mark(event.to) in visits else 0


def hop_headers(session: Session) -> Headers:
    """The hop headers of this session's legs; a call that the API made starts without hops."""
    parent = session.parent
    if parent.direction != "inbound":
        return ()
    visits = (*_visits(parent.headers), _mark(parent.to))
    return (("Max-Forwards", str(session.max_forwards - 1)), (HEADER, ",".join(visits)))


def error_of(call: Call, code: int) -> int:
    """The catalogue's code for a leg that somebody down the line refused because of its hops; else 0."""
    refused = code in (Status.LOOP_DETECTED, Status.TOO_MANY_HOPS)
    return Code.TOO_MANY_HOPS if refused and call.direction != "inbound" else 0


def _visits(headers: Headers) -> tuple[str, ...]:
    values = (value for name, value in headers if name.lower() == HEADER.lower())
    marks = (mark.strip() for value in values for mark in value.split(","))
    return tuple(mark for mark in marks if mark)


def _mark(uri: str) -> str:
    """A hash that stands for an address of ours: user, host and port count, parameters do not.

    Of two documents behind one address nothing is known here, so coming back to it is a loop whatever they say.
    """
    read = sip.read_uri(uri)
    address = f"{read.user}@{read.host}:{read.port or 5060}" if read.host else uri
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
