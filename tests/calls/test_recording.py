"""What a recorded Dial asks of the task, and what its action request tells."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import DialLegs, Fetch
from chalicelib.calls.events import RecordingEnded, RecordingStarted, RingTimeout, TaskLost
from tests.calls.engine import ACCOUNT, CALLER, Story

NO_ROOM = 32220


def recorded(mode: str = "true") -> Story:
    """A Dial to one callee, with an action, under way."""
    story = Story()
    story.call_runs(f'<Dial record="{mode}" action="/done"><Sip>sip:bob@example.com</Sip></Dial>')
    return story


def sid_of(story: Story) -> str:
    recording = story.last_of(DialLegs).recording
    assert recording is not None
    return recording.sid


def recording_started(story: Story) -> str:
    story.feed(RecordingStarted, CALLER, sid_of(story), "https://api.example.com/r.wav")
    return sid_of(story)


def told(story: Story) -> dict[str, str]:
    """What the action request said of the recording."""
    fetch = story.last_of(Fetch)
    assert fetch.url.endswith("/done")
    return {name: value for name, value in fetch.parameters.items() if name.startswith("Recording")}


@pytest.mark.parametrize(
    ("mode", "since", "channels"),
    [
        ("true", "answer", 1),
        ("record-from-answer", "answer", 1),
        ("record-from-answer-dual", "answer", 2),
        ("record-from-ringing", "ringing", 1),
        ("record-from-ringing-dual", "ringing", 2),
    ],
)
def test_task_is_asked_to_record_as_the_attribute_says(mode: str, since: str, channels: int) -> None:
    recording = recorded(mode).last_of(DialLegs).recording
    assert recording is not None
    assert (recording.since, recording.channels) == (since, channels)
    assert recording.account_sid == ACCOUNT
    assert recording.sid[:2] == "RE"
    assert len(recording.sid) == 34


@pytest.mark.parametrize("mode", ["false", "do-not-record"])
def test_nothing_is_recorded_unasked(mode: str) -> None:
    assert recorded(mode).last_of(DialLegs).recording is None


def test_action_request_tells_where_the_recording_is_and_how_long() -> None:
    story = recorded()
    (leg,) = story.legs
    story.answers(leg)
    sid = recording_started(story)
    story.bridged(leg)
    story.feed(RecordingEnded, CALLER, sid, 12.9)
    story.ended(leg)
    assert told(story) == {
        "RecordingSid": sid,
        "RecordingUrl": "https://api.example.com/r.wav",
        "RecordingDuration": "12",
    }


def test_caller_who_hangs_up_still_has_the_recording_in_the_action_request() -> None:
    story = recorded()
    (leg,) = story.legs
    story.answers(leg)
    sid = recording_started(story)
    story.bridged(leg)
    story.feed(RecordingEnded, CALLER, sid, 3.0)
    story.ended(CALLER)
    assert told(story)["RecordingSid"] == sid
    assert told(story)["RecordingDuration"] == "3"


def test_call_that_nobody_answered_has_no_recording() -> None:
    story = recorded()
    story.ended(story.legs[0], 486)
    assert told(story) == {}


def test_recorded_ringing_is_told_though_nobody_answered() -> None:
    story = recorded("record-from-ringing")
    sid = recording_started(story)
    story.feed(RecordingEnded, CALLER, sid, 4.0)
    story.ended(story.legs[0], 486)
    assert told(story)["RecordingSid"] == sid


def test_dial_that_the_engine_ends_tells_how_long_its_recording_has_run() -> None:
    story = recorded("record-from-ringing")
    recording_started(story)
    story.rings(story.legs[0])
    story.rings(story.legs[0])
    story.feed(RingTimeout, story.legs[0])
    assert told(story)["RecordingDuration"] == "3"  # a second an event


def test_recording_that_could_not_start_is_a_problem_and_the_call_goes_on() -> None:
    story = recorded()
    (leg,) = story.legs
    story.answers(leg)
    story.feed(RecordingEnded, CALLER, sid_of(story), error=NO_ROOM)
    story.bridged(leg)
    assert story.call(CALLER).dial is not None
    story.ended(leg)
    assert NO_ROOM in story.problems
    assert told(story) == {}


def test_news_of_another_dials_recording_changes_nothing() -> None:
    story = recorded()
    (leg,) = story.legs
    story.answers(leg)
    story.feed(RecordingStarted, CALLER, "RE" + "f" * 32, "https://api.example.com/other.wav")
    story.bridged(leg)
    story.ended(leg)
    story.feed(RecordingEnded, CALLER, sid_of(story), 1.0)
    assert told(story) == {}


def test_recording_of_a_task_that_died_is_not_told() -> None:
    story = recorded()
    (leg,) = story.legs
    story.answers(leg)
    recording_started(story)
    story.bridged(leg)
    story.feed(TaskLost, "task-1")
    assert told(story) == {}
