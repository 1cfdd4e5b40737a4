"""What the log of a long call must hold in the end, and how little."""

from __future__ import annotations

import contextlib
from collections import Counter

from callapi.trace import Recorded, read_session
from chalicelib.calls.protocol import SipMessage
from chalicelib.sip.message import Message
from chalicelib.storage.table import Table
from signaling.b2bua.session_trace import ENDING_CHARACTERS, MESSAGE_CHARACTERS, SESSION_CHARACTERS
from tests.waiting import wait_until

from .long_call import LongCall

MOST_STEPS = 10
"""A dialled call has 6 to 10, as its events come together or apart.

A refresh, a hold, an OPTIONS and a key pressed while two talk make none.
"""
LEGS = 2


def log_faults(table: Table, call: LongCall) -> list[str]:
    """Waits until the log is whole: the last messages come after the last step."""
    with contextlib.suppress(AssertionError):  # what is missing is told below
        wait_until(lambda: _ended_on_the_wire(read_session(table, call.sid).messages))
        wait_until(lambda: read_session(table, call.sid).rows[-1].state.over and call.actions)
    recorded = read_session(table, call.sid)
    return [f"{call.key}: {fault}" for fault in (*_step_faults(recorded), *_sip_faults(recorded, call))]


def _step_faults(recorded: Recorded) -> list[str]:
    last = recorded.rows[-1].state
    calls = list(last.calls.values()) + [call for row in recorded.rows for call in row.gone]
    statuses = {call.sid: call.status for call in calls}
    told = Counter(c.call for row in recorded.rows for c in row.callbacks if c.event == "completed")
    return [
        *["its log is not over"] * (not last.over),
        *[f"the calls ended as {statuses}"] * (list(statuses.values()) != ["completed"] * LEGS),
        *[f"completed was told {dict(told)}"] * (told != dict.fromkeys(statuses, 1)),
        *[f"{len(recorded.rows)} steps"] * (len(recorded.rows) > MOST_STEPS),
        *[f"problem {problem}" for row in recorded.rows for problem in row.problems],
    ]


def _sip_faults(recorded: Recorded, call: LongCall) -> list[str]:
    sizes = [len(message.text) for message in recorded.messages]
    return [
        *[f"its action was told {call.actions}"] * (call.actions != ["completed"]),
        *["BYE and its answer are not in the log"] * (not _ended_on_the_wire(recorded.messages)),
        *[f"a message of {max(sizes)} characters"] * (max(sizes) > MESSAGE_CHARACTERS),
        *[f"messages of {sum(sizes)} characters"] * (sum(sizes) > SESSION_CHARACTERS + ENDING_CHARACTERS),
    ]


def _ended_on_the_wire(messages: tuple[SipMessage, ...]) -> bool:
    """Whether each leg's BYE is there, and what answered it."""
    lines = [(message.call, message.text.partition(" ")[0]) for message in messages if _is_of_bye(message)]
    return all(len({call for call, word in lines if word == wanted}) == LEGS for wanted in ("BYE", "SIP/2.0"))


def _is_of_bye(message: SipMessage) -> bool:
    return Message(message.text).cseq[1] == "BYE"
