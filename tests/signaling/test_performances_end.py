"""A performance always ends: without audio, on hold, with a file that is not what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.signaling.crowd import Call, Crowd
from tests.signaling.documents import MAIN
from tests.signaling.edge_calls import APP
from tests.signaling.peer import Caller, Make
from tests.signaling.rtp import Telephone
from tests.signaling.sound_server import sounds_served
from tests.signaling.task import Task, task_running
from tests.signaling.wav import SECOND, sound, wav
from tests.waiting import PATIENCE, wait_until

TONE = 600.0
AUDIO_SECONDS = 10
"""Seconds that an item waits for audio."""
NO_SOUND = 13420


async def _ends(crowd: Crowd, name: str, direction: str) -> float:
    """Seconds from the answer to the task's BYE."""
    call = Call(crowd, name)
    await call.answered(direction)
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        await call.over.wait()
    return time.monotonic() - began


def _calls(task: Task, make: Callable[[Crowd], list[Coroutine[Any, Any, float]]]) -> list[float]:
    async def all_of_them() -> list[float]:
        crowd = Crowd(task.sip_port)
        await crowd.open()
        try:
            return await asyncio.gather(*make(crowd))
        finally:
            crowd.close()

    return asyncio.run(all_of_them())


def test_what_a_leg_without_audio_would_hear_is_passed_over_after_ten_seconds(tmp_path: Path) -> None:
    with sounds_served() as web:
        play = f"<Play loop='3'>{web}/0.3.wav</Play>"
        verbs = {
            "say": "<Say>a</Say>",
            "play": play,
            "gather": f"<Gather timeout='1' action='{APP}/end'>{play}</Gather>",
            "keys": f"<Gather timeout='1' action='{APP}/end'/>",
            "end": "",
        }
        documents = {f"{APP}/{name}": f"<Response>{verb}<Hangup/></Response>" for name, verb in verbs.items()}
        ways = [(name, "inactive") for name in ("say", "play", "gather", "keys")]
        ways += [("say", "0.0.0.0"), ("play", "sendonly")]
        with task_running(tmp_path, documents) as task:
            took = _calls(task, lambda crowd: [_ends(crowd, *way) for way in ways])
            assert all(AUDIO_SECONDS - 0.5 < seconds < AUDIO_SECONDS + 8 for seconds in took), took
            assert {event.get("error", 0) for event in task.events("performed")} == {0}
            task.wait_idle()


def test_prompt_whose_listener_is_put_on_hold_goes_on_when_he_is_back(tmp_path: Path, peers: Make) -> None:
    telephone = peers(Telephone, 0.0)
    with sounds_served() as web:
        document = f"<Response><Play>{web}/3.wav</Play><Hangup/></Response>"
        with task_running(tmp_path, {MAIN: document}) as task:
            alice = peers(Caller, task.sip_port, telephone.port)
            alice.call()
            alice.picked_up()
            wait_until(lambda: telephone.hears(TONE))
            alice.calls_anew("inactive")
            before = telephone.heard_seconds()
            alice.calls_anew()
            wait_until(lambda: telephone.heard_seconds() > before + 0.6 and telephone.hears(TONE), 3)
            alice.expect("BYE", 6)
            task.wait_idle()


def test_prompt_whose_listener_stays_on_hold_is_passed_over(tmp_path: Path) -> None:
    async def held(crowd: Crowd, direction: str) -> float:
        call = Call(crowd, "play")
        await call.answered()
        await asyncio.sleep(0.5)
        began = time.monotonic()
        call.change(direction)
        await call.response("INVITE")
        async with asyncio.timeout(PATIENCE):
            await call.over.wait()
        return time.monotonic() - began

    with sounds_served() as web:
        page = f"<Response><Play>{web}/2.wav</Play><Hangup/></Response>"
        with task_running(tmp_path, {f"{APP}/play": page}) as task:
            took = _calls(task, lambda crowd: [held(crowd, way) for way in ("inactive", "0.0.0.0")])
            assert all(AUDIO_SECONDS - 0.5 < seconds < AUDIO_SECONDS + 8 for seconds in took), took
            task.wait_idle()


@pytest.mark.parametrize("loop", ["1", "3"])
def test_file_that_is_not_what_it_says_ends_at_once_or_at_its_real_length(tmp_path: Path, loop: str) -> None:
    tone = sound(0.2)[44:]
    files = {
        "longer": (wav(tone, length=800_000), 0), "pipe": (wav(tone, length=0xFFFFFFFF), 0),
        "empty": (wav(b""), NO_SOUND), "nothing": (wav(b"", length=16_000), NO_SOUND),
        "stands": (wav(SECOND, rate=0), NO_SOUND), "mute": (wav(SECOND, channels=0), NO_SOUND),
        "cut": (wav(SECOND)[:40], NO_SOUND), "odd": (wav(tone + b"\1"), 0),
    }  # fmt: skip
    with sounds_served(**{name: content for name, (content, _) in files.items()}) as web:
        pages = {
            f"{APP}/{name}": f"<Response><Play loop='{loop}'>{web}/{name}.wav</Play><Hangup/></Response>"
            for name in files
        }
        with task_running(tmp_path, pages) as task:
            for name, (_, error) in files.items():
                [seconds] = _calls(task, lambda crowd, name=name: [_ends(crowd, name, "sendrecv")])  # type: ignore[misc]
                assert seconds < 4, name
                assert task.events("performed")[-1].get("error", 0) == error, name
            task.wait_idle()


def test_gather_whose_keys_never_end_is_over_after_a_thousand(tmp_path: Path, peers: Make) -> None:
    """Each key gives it 5 s more."""
    document = '<Response><Gather action="/keys" finishOnKey=""/></Response>'
    with task_running(tmp_path, {MAIN: document, f"{APP}/keys": "<Response/>"}) as task:
        alice = peers(Caller, task.sip_port)
        alice.call()
        alice.picked_up()
        for _ in range(1000):
            alice.info("application/dtmf-relay", "Signal=1\r\nDuration=100\r\n")
            alice.expect("SIP/2.0 200")
        wait_until(lambda: task.events("performed"))
        [performed] = task.events("performed")
        assert performed["digits"] == "1" * 1000
