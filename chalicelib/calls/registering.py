"""Where a client can be reached: what a REGISTER says, and what is kept of it (RFC 3261 §10).

The task that a REGISTER came to and the register function speak by the types of this module.
"""

from __future__ import annotations

from .session import Value


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


def live(contacts: tuple[Contact, ...], at: float) -> tuple[Contact, ...]:
    """Those that have not expired at ``at``, the most wanted first, of equal ones the newest."""
    left = (contact for contact in contacts if contact.expires_at > at)
    return tuple(sorted(left, key=lambda contact: (-contact.q, -contact.registered_at)))
