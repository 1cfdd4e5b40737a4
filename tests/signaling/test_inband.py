"""Keys as tones in the sound, of a caller who did not agree to send them as RFC 4733."""

from __future__ import annotations

import io
import subprocess
import time
import wave
from array import array
from pathlib import Path

from tests.signaling.documents import MAIN
from tests.signaling.peer import Caller, Make
from tests.signaling.rtp import Telephone, key, tones
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until

SILENT = 0.0
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


def gathered(task: Task, seconds: float = 10) -> str:
    wait_until(lambda: task.events("performed"), seconds)
    return str(task.events("performed")[0]["digits"])


def test_keys_sent_as_tones_reach_gather_each_once(tmp_path: Path, peers: Make) -> None:
    phone = peers(Telephone, SILENT)
    with task_running(tmp_path, gather('timeout="9"')) as task:
        caller_of(peers, task, phone.port)
        wait_until(lambda: phone.heard_seconds() > 0.2)
        for digit in "1159*0":
            phone.plays(key(digit))
        phone.plays(key("8", 0.6))
        phone.plays(key("#"))
        assert gathered(task) == "1159*08"


def test_hole_in_a_tone_makes_no_two_keys_of_one_and_two_quick_keys_stay_two(
    tmp_path: Path, peers: Make
) -> None:
    """A packet that was lost on the way to a gateway is 20 ms of silence in its sound."""
    phone = peers(Telephone, SILENT)
    with task_running(tmp_path, gather('timeout="2"')) as task:
        caller_of(peers, task, phone.port)
        wait_until(lambda: phone.heard_seconds() > 0.2)
        for digit in "8462":
            tone = key(digit, 0.2)
            phone.plays([*tone[:700], *[0] * 180, *tone[880:]])
        phone.plays([*key("2", 0.06), *key("2", 0.06), *key("3", 0.06)])
        assert gathered(task) == "8462223"


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
    phone, other = peers(Telephone, SILENT), peers(Telephone, SILENT)
    with task_running(tmp_path, gather('timeout="9" numDigits="4"')) as task:
        caller = caller_of(peers, task, phone.port)
        wait_until(lambda: phone.heard_seconds() > 0.2)
        phone.plays([*key("1"), *key("2")])
        wait_until(phone.has_played)
        phone.falls_silent()
        caller.move(other.port)
        wait_until(lambda: other.heard_seconds() > 0.2)
        other.plays([*key("3"), *key("4")])
        assert gathered(task) == "1234"


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
        wait_until(phone.has_played, 40)
        phone.plays(key("6"))
        assert gathered(task) == "6"
