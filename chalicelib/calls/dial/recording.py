"""The recording of a Dial: what the task records, and what the action request says about it.

The task reports that a recording runs before it reports the bridge, and its length before the end of the call that
ends the Dial: so the action request goes out at once and is complete.  The upload goes on behind it.
"""

from __future__ import annotations

import msgspec

from ... import rcml
from ..commands import Recording
from ..events import RecordingEnded, RecordingStarted
from ..session import Dial, Recorded
from ..transition import Turn


def begin_recording(turn: Turn, sid: str, verb: rcml.Dial) -> Recording | None:
    """What ``record`` asks for: from the answer (that is the bridge) or the ringing, in one or two channels.

    Each round of a sequential Dial is a recording of its own; the last one is told.
    """
    if verb.record is None:
        return None
    recording = Recording(
        sid=turn.new_id("RE"),
        account_sid=turn.session.account_sid,
        since="ringing" if "ringing" in verb.record else "answer",
        channels=2 if verb.record.endswith("-dual") else 1,
    )
    turn.change_dial(sid, recorded=Recorded(recording.sid))
    return recording


def on_recording(turn: Turn, event: RecordingStarted | RecordingEnded) -> None:
    """Keep what the action request will say.  An event for a Dial that is over changes nothing."""
    if isinstance(event, RecordingEnded) and event.error:
        turn.problem(event.error, f"{event.recording} could not be recorded, or not to its end")
    call = turn.known(event.call)
    recorded = call.dial.recorded if call is not None and call.dial is not None else None
    if recorded is None or recorded.sid != event.recording:
        return
    if isinstance(event, RecordingStarted):
        recorded = msgspec.structs.replace(recorded, url=event.url, started_at=event.at)
    else:
        recorded = msgspec.structs.replace(recorded, seconds=event.seconds)
    turn.change_dial(event.call, recorded=recorded)


def lose_recording(turn: Turn) -> None:
    """The task died and its recordings are lost: the action request does not mention them."""
    for call in turn.calls():
        turn.change_dial(call.sid, recorded=None)


def recording_parameters(dial: Dial, at: float) -> dict[str, str]:
    """The parameters about the recording of a Dial that ended ``at``; none without one (docs/contract.md §2).

    A recording that still runs when the engine itself ends the Dial ends with it: it is as long as it has run.
    """
    recorded = dial.recorded
    if recorded is None or not recorded.url:
        return {}
    seconds = at - recorded.started_at if recorded.seconds is None else recorded.seconds
    return {
        "RecordingSid": recorded.sid,
        "RecordingUrl": recorded.url,
        "RecordingDuration": str(max(0, int(seconds))),
    }
