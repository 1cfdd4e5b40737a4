"""May this call be placed?  What the account's policy says of it, asked when a Dial or the API is about to dial."""

from __future__ import annotations

from ... import sip
from ...catalogue import Code
from ..session import Session
from ..transition import Turn
from .policy import HostRules, Policy

MOST_CALLS = 200
"""In one session, with those that have ended and whose Dial has not.  Without a limit, a document that dials ten
callees each second would have 320 that wait for the answer to their CANCEL (32 s, RFC 3261 §9.1)."""


class NoRouteError(Exception):
    """The noun cannot be dialled: ``code`` of the catalogue, and a message that shows no secret."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def admit_uri(turn: Turn, uri: sip.SipUri) -> None:
    """Raises NoRouteError when the rules of the account refuse ``uri``.

    Addresses that a name resolves to are judged by the task, by the same rules.
    """
    rules = rules_of(turn)
    admit_user(turn, uri.user)
    if rules is not None and not rules.permit_name(uri.host, uri.port):
        raise NoRouteError(Code.SIP_HOST_REFUSED, "the account may not call this host or port")


def admit_user(turn: Turn, user: str) -> None:
    """Raises NoRouteError when the account may not call this number or user, on whatever host."""
    rules = rules_of(turn)
    if rules is not None and not rules.permit_user(user):
        raise NoRouteError(Code.NUMBER_BLOCKED, "the account may not call this number or user")


def admit_one_more(turn: Turn) -> None:
    """Raises NoRouteError when the account is at a limit, or the session.

    The call that is asked about is in the session already.
    """
    if len(turn.calls()) > MOST_CALLS:
        raise NoRouteError(Code.DIAL_TOO_MANY_NOUNS, "the session has too many calls that have not ended yet")
    if turn.quota is not None and _placed(turn) > turn.quota.left:
        raise NoRouteError(turn.quota.code, "the account is at the limit of its calls")


def policy_of(turn: Turn) -> Policy:
    """What the account may dial; of one without a policy: everything."""
    application = turn.session.application
    return (application.policy if application else None) or Policy()


def rules_of(turn: Turn) -> HostRules | None:
    """The host rules of the account."""
    return policy_of(turn).rules


def reference(turn: Turn, name: str) -> str:
    """The stored secret ``name`` of the account, as the task asks for it; empty for none."""
    return f"{turn.session.account_sid}/{name}" if name else ""


def live_calls(session: Session) -> frozenset[str]:
    """The calls that the account has placed and that have not ended.  One that waits for a task is not placed yet."""
    waiting = session.sid if session.launch is not None else ""
    return frozenset(
        call.sid
        for call in session.calls.values()
        if call.direction != "inbound" and not call.over and call.sid != waiting
    )


def _placed(turn: Turn) -> int:
    """The calls that this step places, the one that is asked about among them."""
    new = sum(call.sid not in turn.session.calls and not call.over for call in turn.calls())
    return new + (turn.session.launch is not None)
