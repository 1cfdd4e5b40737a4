"""A Dial with ``record``: what is on the file, through real SIP and RTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial
from tests.signaling.memory_stores import ACCOUNT
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.sipp import Sipp, Start, talks
from tests.signaling.task import Task, task_running
from tests.signaling.wav import channels, heard, longest_gap, seconds_of
from tests.waiting import wait_until

MOVED_TONE = 1400.0
API = "https://api.example/v1"
NO_ROOM = 32220


@pytest.fixture
def telephones() -> Iterator[list[Telephone]]:
    all_of_them = [Telephone(CALLER_TONE), Telephone(CALLEE_TONE), Telephone(MOVED_TONE)]
    yield all_of_them
    for telephone in all_of_them:
        telephone.close()


def recorded(callee: Sipp, mode: str) -> dict[str, str]:
    attributes = f'record="{mode}" action="http://app.example/done"'
    return {MAIN: dial(f"sip:bob@127.0.0.1:{callee.port}", attributes=attributes)}


def told(task: Task) -> dict[str, str]:
    """What the action request said, once it went out."""
    fetches = wait_until(lambda: [f for f in task.entries("command", "fetch") if f["url"].endswith("/done")])
    parameters: dict[str, str] = fetches[0]["parameters"]
    return parameters


def file_of(task: Task) -> Path:
    """The recording, once it was uploaded."""
    path = task.folder / ACCOUNT / f"{told(task)['RecordingSid']}.wav"
    wait_until(path.exists)
    return path


def hear_each_other(sipp: Start, task: Task, alice: Telephone, bob: Telephone) -> bool:
    """For a second and a half; then Alice hangs up."""
    return talks(
        sipp, task, lambda: alice.hears(CALLEE_TONE, 1.5) and bob.hears(CALLER_TONE, 1.5), media=alice.port
    )


def test_each_side_is_in_its_own_channel_without_a_gap(
    tmp_path: Path, sipp: Start, telephones: list[Telephone]
) -> None:
    alice, bob, _ = telephones
    callee = sipp("callee", media=bob.port)
    with task_running(tmp_path, recorded(callee, "record-from-answer-dual"), API_URL=API) as task:
        assert talks(
            sipp,
            task,
            lambda: alice.hears(CALLEE_TONE, 1.5) and bob.hears(CALLER_TONE, 1.5),
            media=alice.port,
        )
        left, right = channels(file_of(task))
        said = told(task)
        assert (
            said["RecordingUrl"]
            == f"{API}/2012-04-24/Accounts/{ACCOUNT}/Recordings/{said['RecordingSid']}.wav"
        )
        assert abs(len(left) / 8000 - float(said["RecordingDuration"])) <= 1.1
        task.wait_idle()
    for own, other, side in ((CALLER_TONE, CALLEE_TONE, left), (CALLEE_TONE, CALLER_TONE, right)):
        assert seconds_of(side, own) > 1
        assert longest_gap(side, own) <= 0.05 + max(alice.late, bob.late)
        assert seconds_of(side, other) == 0


def test_both_sides_are_mixed_in_one_channel(
    tmp_path: Path, sipp: Start, telephones: list[Telephone]
) -> None:
    alice, bob, _ = telephones
    callee = sipp("callee", media=bob.port)
    with task_running(tmp_path, recorded(callee, "true"), API_URL=API) as task:
        assert talks(
            sipp,
            task,
            lambda: alice.hears(CALLEE_TONE, 1.5) and bob.hears(CALLER_TONE, 1.5),
            media=alice.port,
        )
        (mixed,) = channels(file_of(task))
    assert seconds_of(mixed, CALLER_TONE) > 1
    assert seconds_of(mixed, CALLEE_TONE) > 1
    gap = max(longest_gap(mixed, CALLER_TONE), longest_gap(mixed, CALLEE_TONE))
    assert gap <= 0.05 + max(alice.late, bob.late)


def test_recording_goes_on_through_a_reinvite(
    tmp_path: Path, sipp: Start, telephones: list[Telephone]
) -> None:
    alice, bob, moved = telephones
    callee = sipp("callee", media=bob.port)
    with task_running(tmp_path, recorded(callee, "record-from-answer-dual"), API_URL=API) as task:
        call = sipp("caller_moves", task.sip_port, media=alice.port, moved_port=moved.port)
        wait_until(lambda: alice.heard_seconds() > 0.8)
        alice.close()  # two who send to one port would each be taken for the other
        assert call.wait() == 0
        left, right = channels(file_of(task))
    assert seconds_of(left, CALLER_TONE) > 0.5
    assert seconds_of(left, MOVED_TONE) > 0.5
    assert len(left) > 2.5 * 8000
    assert longest_gap(right, CALLEE_TONE) <= 0.1 + bob.late


def test_recording_from_ringing_begins_before_the_answer(
    tmp_path: Path, sipp: Start, telephones: list[Telephone]
) -> None:
    alice, _, _ = telephones
    callee = sipp("callee_rings")
    documents = {
        MAIN: (
            '<Response><Dial timeout="2" record="record-from-ringing" action="http://app.example/done">'
            f"<Sip>sip:bob@127.0.0.1:{callee.port}</Sip></Dial></Response>"
        )
    }
    with task_running(tmp_path, documents, API_URL=API) as task:
        sipp("caller_waits", task.sip_port, media=alice.port)
        (mixed,) = channels(file_of(task))
        assert told(task)["DialCallStatus"] == "no-answer"
        assert told(task)["RecordingDuration"] in ("1", "2")
    assert seconds_of(mixed, CALLER_TONE) > 1


def test_callee_who_answers_later_is_heard_later_in_his_channel(
    tmp_path: Path, sipp: Start, telephones: list[Telephone]
) -> None:
    alice, bob, _ = telephones
    callee = sipp("callee_hesitates", media=bob.port)  # for a second
    with task_running(tmp_path, recorded(callee, "record-from-ringing-dual"), API_URL=API) as task:
        assert talks(
            sipp,
            task,
            lambda: alice.hears(CALLEE_TONE, 1.5) and bob.hears(CALLER_TONE, 1.5),
            media=alice.port,
        )
        left, right = channels(file_of(task))
    assert heard(left, CALLER_TONE).index(True) * 0.05 < 0.5
    assert heard(right, CALLEE_TONE).index(True) * 0.05 > 0.8


def test_task_that_is_stopped_keeps_what_it_recorded(
    tmp_path: Path, sipp: Start, telephones: list[Telephone]
) -> None:
    alice, bob, _ = telephones
    callee = sipp("callee", media=bob.port)
    documents = recorded(callee, "record-from-answer-dual")
    with task_running(tmp_path, documents, API_URL=API) as task:
        sipp("caller_waits", task.sip_port, media=alice.port)
        wait_until(lambda: alice.hears(CALLEE_TONE, 1.0))
        task.drain()
    (path,) = (tmp_path / ACCOUNT).glob("RE*.wav")
    assert seconds_of(channels(path)[1], CALLEE_TONE) > 0.8


def test_nothing_is_recorded_of_a_callee_who_is_busy(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee_busy")
    with task_running(tmp_path, recorded(callee, "record-from-answer"), API_URL=API) as task:
        sipp("caller_waits", task.sip_port)
        assert not [name for name in told(task) if name.startswith("Recording")]
        assert not (tmp_path / ACCOUNT).exists()


def test_full_disk_lets_the_call_go_on_unrecorded(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    documents = recorded(callee, "true")
    with task_running(tmp_path, documents, API_URL=API, RECORDINGS_BYTES="8000") as task:
        assert talks(sipp, task, lambda: task.events("recording-ended"))
        (ended,) = task.events("recording-ended")
        assert ended["error"] == NO_ROOM
        assert told(task)["DialCallStatus"] == "completed"
