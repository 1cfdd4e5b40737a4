"""Keys as tones in the sound, of a caller who did not agree to send them as RFC 4733."""

from __future__ import annotations

import ctypes
import io
import subprocess
import time
import wave
from array import array
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from signaling.engine.loop import MainLoop
from signaling.media import inband_dtmf
from tests.signaling.documents import MAIN
from tests.signaling.peer import Caller, Make
from tests.signaling.rtp import Telephone, key, tones
from tests.signaling.task import Task, task_running
from tests.waiting import PATIENCE, wait_until

SILENT = 0.0
TAKES = 5
LATE = 0.04
"""Seconds of silence in a tone that are surely none to who listens: the engine's ear takes 45 ms for a pause."""
RING_TONES = [
    (440, 480),
    (425, 0),
    (400, 450),
    (350, 440),
    (480, 620),
    (620, 0),
    (440, 0),
    (1004, 0),
    (2100, 0),
]
TEXT = "The quick brown fox jumps over the lazy dog. Yes, we have no bananas; no, nobody knows who owns them now. "


def gather(attributes: str, prompt: str = "") -> dict[str, str]:
    """After it a pause, so that the call does not end with the Gather."""
    return {
        MAIN: f'<Response><Gather action="http://app.example/next" {attributes}>{prompt}</Gather></Response>',
        "http://app.example/next": '<Response><Pause length="60"/></Response>',
    }


def caller_of(peers: Make, task: Task, media: int, *, telephone_event: bool = False) -> Caller:
    """Whose call is up, and whose sound the task hears."""
    caller: Caller = peers(Caller, task.sip_port, media, telephone_event=telephone_event)
    caller.call()
    caller.picked_up()
    wait_until(lambda: task.entries("command", "perform"))
    return caller


def gathered(task: Task, seconds: float = PATIENCE) -> str:
    wait_until(lambda: task.events("performed"), seconds)
    return str(task.events("performed")[0]["digits"])


def gathers(
    digits: str, peers: Make, folder: Path, attributes: str, press: Callable[[Caller, Telephone], None]
) -> bool:
    """Whether a Gather has ``digits`` of what ``press`` does.

    On a busy machine the telephone may be so late that its tones have holes, which are keys of their own to whoever
    listens: then it is done again, on another task.
    """
    for take in range(TAKES):
        phone, place = peers(Telephone, SILENT), folder / str(take)
        place.mkdir()
        with task_running(place, gather(attributes)) as task:
            caller = caller_of(peers, task, phone.port)
            wait_until(lambda phone=phone: phone.heard_seconds() > 0.2)  # type: ignore[misc]
            press(caller, phone)
            found = gathered(task)
        if found == digits or phone.late < LATE:
            break
    return found == digits


def test_keys_sent_as_tones_reach_gather_each_once(tmp_path: Path, peers: Make) -> None:
    def press(_: Caller, phone: Telephone) -> None:
        for digit in "1159*0":
            phone.plays(key(digit))
        phone.plays(key("8", 0.6))
        phone.plays(key("#"))

    assert gathers("1159*08", peers, tmp_path, 'timeout="9"', press)


def test_hole_in_a_tone_makes_no_two_keys_of_one_and_two_quick_keys_stay_two(
    tmp_path: Path, peers: Make
) -> None:
    """A packet that was lost on the way to a gateway is 20 ms of silence in its sound."""

    def press(_: Caller, phone: Telephone) -> None:
        for digit in "8462":
            tone = key(digit, 0.2)
            phone.plays([*tone[:700], *[0] * 180, *tone[880:]])
        phone.plays([*key("2", 0.06), *key("2", 0.06), *key("3", 0.06)])

    assert gathers("8462223", peers, tmp_path, 'timeout="2"', press)


def test_first_tone_interrupts_the_prompts(tmp_path: Path, peers: Make) -> None:
    phone = peers(Telephone, SILENT)
    with task_running(tmp_path, gather('numDigits="2" timeout="1"', f"<Say>{TEXT * 3}</Say>")) as task:
        caller_of(peers, task, phone.port)
        wait_until(lambda: phone.loudness(0.5) > 300)
        pressed = time.monotonic()
        phone.plays(key("4"))
        assert gathered(task) == "4"
        assert time.monotonic() - pressed < 4
        assert phone.loudness(0.5) < 30


def test_tones_are_heard_across_a_reinvite_that_moves_the_sound(tmp_path: Path, peers: Make) -> None:
    def press(caller: Caller, phone: Telephone) -> None:
        other = peers(Telephone, SILENT)
        phone.plays([*key("1"), *key("2"), *tones((0, 0, 0.5))])
        wait_until(phone.has_played)
        phone.falls_silent()
        caller.move(other.port)
        wait_until(lambda: other.heard_seconds() > 0.2)
        other.plays([*key("3"), *key("4")])
        wait_until(other.has_played)
        phone.late = max(phone.late, other.late)

    assert gathers("1234", peers, tmp_path, 'timeout="9" numDigits="4"', press)


class _Ears:
    """In place of the engine: one ear, which heard a 7 and is ended by the next change of the media."""

    def __init__(self) -> None:
        self._ears, self._heard = iter([1]), b"7"

    def callapi_inband_listen(self, _: int, __: int) -> int:
        return next(self._ears, -1)

    def callapi_inband_drain(self, _: int, out: ctypes.Array[ctypes.c_char], __: int) -> int:
        heard, self._heard = self._heard, b""
        ctypes.memmove(out, heard, len(heard))
        return len(heard)

    def callapi_sound_end(self, _: int) -> None:
        self._heard = b""


def test_change_of_the_media_loses_no_key_that_was_heard_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is late: it has not looked at what the ear heard when the caller puts the call on hold."""
    monkeypatch.setattr(inband_dtmf, "engine", _Ears())
    leg, keys = SimpleNamespace(number=0, signals_keys=False, tone_heard=lambda _: None), list[str]()
    ear = inband_dtmf.InbandDetector(MainLoop(), leg, keys.append)
    ear.listen()
    assert keys == ["7"]


def test_key_that_comes_as_event_and_as_tone_counts_once(tmp_path: Path, peers: Make) -> None:
    phone = peers(Telephone, SILENT)
    with task_running(tmp_path, gather('timeout="2"')) as task:
        caller_of(peers, task, phone.port, telephone_event=True)
        wait_until(lambda: phone.heard_seconds() > 0.2)
        for digit in "77":
            phone.plays(key(digit))
            phone.press(digit)
            wait_until(phone.has_played)
        assert gathered(task) == "77"


def test_key_that_comes_as_info_and_as_tone_counts_once(tmp_path: Path, peers: Make) -> None:
    phone = peers(Telephone, SILENT)
    with task_running(tmp_path, gather('timeout="2"')) as task:
        caller = caller_of(peers, task, phone.port)
        wait_until(lambda: phone.heard_seconds() > 0.2)
        for digit in "55":
            phone.plays(key(digit, 0.2))
            wait_until(phone.has_played)
            caller.info("application/dtmf-relay", f"Signal={digit}\r\nDuration=200\r\n")
            caller.expect("SIP/2.0 200")
        assert gathered(task) == "55"


def spoken(text: str) -> list[int]:
    """Speech at 8 kHz, as the telephone has it."""
    sound = subprocess.run(
        ["espeak-ng", "--stdout", "-a", "180", text], check=True, capture_output=True
    ).stdout
    with wave.open(io.BytesIO(sound)) as file:
        rate = file.getframerate()
        samples = array("h", file.readframes(1 << 30))
    return [samples[int(i * rate / 8000)] for i in range(int(len(samples) * 8000 / rate))]


def test_speech_and_the_tones_of_the_network_are_no_keys(tmp_path: Path, peers: Make) -> None:
    phone = peers(Telephone, SILENT)
    with task_running(tmp_path, gather('numDigits="1" timeout="90"')) as task:
        caller_of(peers, task, phone.port)
        wait_until(lambda: phone.heard_seconds() > 0.2)
        phone.plays(tones(*((first, second, 0.3) for first, second in RING_TONES)))
        phone.plays(tones(*((frequency, 0, 0.1) for frequency in range(300, 3400, 100))))
        phone.plays(spoken(TEXT))
        wait_until(phone.has_played)
        phone.plays(key("6"))
        assert gathered(task) == "6"
