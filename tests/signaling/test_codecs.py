"""A callee of another codec than the caller's: both hear each other, transcoded by the task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.signaling.rtp import Telephone
from tests.signaling.softphone import softphone
from tests.signaling.theatre import MAIN, Sipp, dial, task_running, wait_until

Start = Callable[..., Sipp]
TONE = 600.0


@pytest.mark.parametrize(
    ("codec", "name"), [("opus", "opus"), ("G722", "G722"), ("PCMA", "PCMA"), ("PCMU", "PCMU")]
)
def test_caller_of_pcmu_hears_his_tone_come_back_from_a_callee_of(
    tmp_path: Path, sipp: Start, codec: str, name: str
) -> None:
    caller = Telephone(TONE)
    try:
        with softphone("udp", codec=codec) as phone:
            document = dial(f"sip:bob@127.0.0.1:{phone.port}", attributes='answerOnBridge="true"')
            with task_running(tmp_path, {MAIN: document}) as task:
                call = sipp("caller", task.sip_port, media=caller.port, hold=4000)
                wait_until(lambda: caller.hears(TONE))
                assert phone.of("codec") == [name]
                assert call.wait() == 0
                task.wait_idle()
    finally:
        caller.close()
