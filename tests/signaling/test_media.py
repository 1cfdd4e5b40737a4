"""What the two ends of a call hear and press, through real RTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.sipp import Start, talks
from tests.signaling.task import task_running
from tests.waiting import wait_until


@pytest.fixture
def telephones() -> Iterator[tuple[Telephone, Telephone]]:
    both = Telephone(CALLER_TONE), Telephone(CALLEE_TONE)
    yield both
    for telephone in both:
        telephone.close()


def test_tone_passes_both_ways_once_bridged(
    tmp_path: Path, sipp: Start, telephones: tuple[Telephone, Telephone]
) -> None:
    caller, callee = telephones
    peer = sipp("callee", media=callee.port)
    with task_running(tmp_path, {MAIN: dial(f"sip:bob@127.0.0.1:{peer.port}")}) as task:
        assert talks(
            sipp, task, lambda: caller.hears(CALLEE_TONE) and callee.hears(CALLER_TONE), media=caller.port
        )
        task.wait_idle()


def test_screened_callee_hears_no_caller_until_he_presses_1(
    tmp_path: Path, sipp: Start, telephones: tuple[Telephone, Telephone]
) -> None:
    caller, callee = telephones
    peer = sipp("callee", media=callee.port)
    documents = {
        MAIN: dial(f'<Sip url="http://app.example/screen">sip:bob@127.0.0.1:{peer.port}</Sip>'),
        "http://app.example/screen": (
            '<Response><Gather numDigits="1" action="http://app.example/pressed"><Say>Press one</Say></Gather>'
            "<Hangup/></Response>"
        ),
        "http://app.example/pressed": "<Response/>",
    }
    with task_running(tmp_path, documents) as task:
        call = sipp("caller_waits", task.sip_port, media=caller.port)
        wait_until(lambda: len(task.events("answered")) == 2)
        wait_until(lambda: caller.heard_seconds() > 1 and callee.heard_seconds() > 0.1)
        assert not callee.hears(CALLER_TONE)
        assert task.events("bridged") == []
        callee.press("1")
        wait_until(lambda: callee.hears(CALLER_TONE))
        assert [event["digits"] for event in task.events("performed")] == ["1"]
        assert call is not None


def test_pause_before_the_answer_delays_the_pick_up_and_does_not_wait_for_audio(
    tmp_path: Path, sipp: Start
) -> None:
    document = '<Response><Pause length="1"/><Hangup/></Response>'
    with task_running(tmp_path, {MAIN: document}) as task:
        started = time.monotonic()
        assert sipp("caller_waits", task.sip_port).wait(20) == 0
        assert time.monotonic() - started > 1
        task.wait_idle()
        assert len(task.events("performed")) == 1
