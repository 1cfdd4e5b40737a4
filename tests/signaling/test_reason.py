"""What the callee's side gives as its reason reaches the application."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Start
from tests.signaling.task import task_running


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [("callee_busy_for_a_reason", 'Q.850;cause=17;text="User busy"'), ("callee_busy", "Busy-Here")],
)
def test_reason_header_of_the_refusal_is_told_and_without_one_its_phrase(
    tmp_path: Path, sipp: Start, scenario: str, reason: str
) -> None:
    callee = sipp(scenario)
    noun = f'<Sip statusCallback="http://app.example/s">sip:bob@127.0.0.1:{callee.port}</Sip>'
    with task_running(tmp_path, {MAIN: dial(noun)}) as task:
        assert sipp("caller_waits", task.sip_port).wait() == 0
        assert callee.wait() == 0
        task.wait_idle()
        [completed] = task.entries("callback")
    assert completed["parameters"]["SipResponseCode"] == "486"
    assert completed["parameters"]["SipResponseReason"] == reason
