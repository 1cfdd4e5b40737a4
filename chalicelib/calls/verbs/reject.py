"""``<Reject>``: refuse a caller that is not answered yet."""

from __future__ import annotations

from ... import rcml
from ...sip.status import Status
from ..application import hang_up
from ..commands import Reject
from ..session import Call
from ..transition import Turn

CODES = {"rejected": Status.NOT_FOUND, "busy": Status.BUSY_HERE}
"""The final response for each ``reason``, as Twilio sends it."""


def begin(turn: Turn, call: Call, verb: rcml.Reject) -> None:
    """Refuse the INVITE.  A call that was answered, or that we dialled, is hung up."""
    if call.direction == "inbound" and not call.answered:
        turn.update(call.sid, run=None, ending="busy" if verb.reason == "busy" else "failed")
        turn.command(Reject(call.sid, CODES[verb.reason]))
    else:
        hang_up(turn, call)
