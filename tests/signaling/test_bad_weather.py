"""A callee that is not there, on the wire.  What else can go wrong with a callee is in test_fork.py."""

from __future__ import annotations

from pathlib import Path

from callapi.processes import free_port
from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Start
from tests.signaling.task import task_running


def test_closed_udp_port_is_no_answer_after_its_timeout_and_the_others_go_on(
    tmp_path: Path, sipp: Start
) -> None:
    callee = sipp("callee_wakes_up")
    closed = f'<Sip timeout="1">sip:bob@127.0.0.1:{free_port()}</Sip>'
    document = dial(closed, f"sip:bob@127.0.0.1:{callee.port}", attributes='answerOnBridge="true"')
    with task_running(tmp_path, {MAIN: document}) as task:
        assert sipp("caller", task.sip_port).wait() == 0
        assert callee.wait() == 0
        [timeout] = task.events("ring-timeout")
        [bridged] = task.events("bridged")
        assert timeout["call"] != bridged["call"]
        assert timeout["at"] < bridged["at"]
