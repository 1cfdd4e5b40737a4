"""May this call be placed?  What the account's policy says of it, asked when a Dial or the API is about to dial."""

from __future__ import annotations

from .. import sip
from .policy import HostRules
from .turn import Turn

HOST_REFUSED = 13254
NUMBER_REFUSED = 13225


def obstacle(turn: Turn, uri: sip.SipUri) -> tuple[int, str]:
    """Why ``uri`` may not be dialled, as a code of the catalogue and a message; code 0 when nothing is in the way.

    Addresses that a name resolves to are judged by the task, by the same rules.
    """
    rules = rules_of(turn)
    if rules is None:
        return 0, ""
    if not rules.permit_user(uri.user):
        return NUMBER_REFUSED, "the account may not call this number or user"
    if not rules.permit_name(uri.host, uri.port):
        return HOST_REFUSED, "the account may not call this host or port"
    return 0, ""


def rules_of(turn: Turn) -> HostRules | None:
    """The host rules of the account."""
    application = turn.session.application
    policy = application.policy if application else None
    return policy.rules if policy else None
