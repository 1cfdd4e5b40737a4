"""Dial on the wire: SIPp is the caller and every callee; what the engine was told is read from its log."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callapi.processes import free_port
from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Sipp, Start, talks
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until


@contextmanager
def task_dialling(folder: Path, *uris: str, **environment: str) -> Iterator[Task]:
    with task_running(folder, {MAIN: dial(*uris)}, **environment) as task:
        yield task


def at(peer: Sipp) -> str:
    return f"sip:bob@127.0.0.1:{peer.port}"


def test_callee_who_answers_is_bridged_and_every_call_ends_once(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    with task_dialling(tmp_path, f"{at(callee)}?X-Foo=bar") as task:
        assert talks(sipp, task)
        assert callee.wait() == 0
        task.wait_idle()
        assert len(task.events("bridged")) == 1
        assert len(task.events("ended")) == 2
        [answered] = [event for event in task.events("answered") if "headers" in event]
        assert answered["headers"] == [["X-Callee", "two"]]
        assert task.events("incoming")[0]["headers"] == [["X-Caller", "one"]]
    assert "X-Foo: bar" in callee.messages()
    assert "m=text" not in callee.messages()


def test_busy_leg_removes_only_itself(tmp_path: Path, sipp: Start) -> None:
    busy, callee = sipp("callee_busy"), sipp("callee_hesitates")
    with task_dialling(tmp_path, at(busy), at(callee)) as task:
        assert talks(sipp, task)
        assert (busy.wait(), callee.wait()) == (0, 0)
        task.wait_idle()
        ended = [event for event in task.events("ended") if event.get("code")]
        assert [(e["code"], e["reason"], e["headers"]) for e in ended] == [
            (486, "Busy-Here", [["X-Why", "because"]])
        ]


@pytest.mark.parametrize(("scenario", "code"), [("callee_moved", 302), ("callee_declines", 603)])
def test_refusal_reaches_the_engine_with_its_code(
    tmp_path: Path, sipp: Start, scenario: str, code: int
) -> None:
    callee = sipp(scenario)
    with task_dialling(tmp_path, at(callee)) as task:
        assert sipp("caller_waits", task.sip_port).wait() == 0
        assert callee.wait() == 0
        task.wait_idle()
        assert [e["code"] for e in task.events("ended") if e.get("code")] == [code]


def test_loser_is_cancelled(tmp_path: Path, sipp: Start) -> None:
    loser, winner = sipp("callee_rings"), sipp("callee_hesitates")
    with task_dialling(tmp_path, at(loser), at(winner)) as task:
        assert talks(sipp, task)
        assert (loser.wait(), winner.wait()) == (0, 0)
        task.wait_idle()
        assert len(task.events("bridged")) == 1
        assert len(task.events("ended")) == 3


def test_loser_that_answers_late_gets_bye(tmp_path: Path, sipp: Start) -> None:
    loser, winner = sipp("callee_too_late"), sipp("callee_hesitates")
    with task_dialling(tmp_path, at(loser), at(winner)) as task:
        assert talks(sipp, task)
        assert (loser.wait(), winner.wait()) == (0, 0)
        task.wait_idle()
        assert len(task.events("bridged")) == 1


def test_two_answers_in_one_moment_bridge_once(tmp_path: Path, sipp: Start) -> None:
    peers = [sipp("callee") for _ in range(2)]
    with task_dialling(tmp_path, *map(at, peers)) as task:
        assert talks(sipp, task)
        wait_until(lambda: len(task.events("ended")) == 3)
        assert len(task.events("bridged")) == 1


def test_callee_that_never_rang_and_answers_after_the_end_gets_bye(tmp_path: Path, sipp: Start) -> None:
    sleeper, winner = sipp("callee_wakes_up"), sipp("callee")
    with task_dialling(tmp_path, at(sleeper), at(winner)) as task:
        assert talks(sipp, task)
        assert (sleeper.wait(), winner.wait()) == (0, 0)
        task.wait_idle()
        assert len(task.events("ended")) == 3


def test_silent_callee_rings_out_and_is_over_at_once(tmp_path: Path, sipp: Start) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        noun = f'<Sip timeout="1">sip:bob@127.0.0.1:{silent.getsockname()[1]}</Sip>'
        with task_running(tmp_path, {MAIN: dial(noun)}) as task:
            assert sipp("caller_waits", task.sip_port).wait(20) == 0
            wait_until(lambda: len(task.events("ended")) == 2)
            assert len(task.events("ring-timeout")) == 1


def test_callee_that_only_tries_is_cancelled(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee_only_trying")
    with task_running(tmp_path, {MAIN: dial(f'<Sip timeout="1">{at(callee)}</Sip>')}) as task:
        assert sipp("caller_waits", task.sip_port).wait(20) == 0
        assert callee.wait() == 0
        task.wait_idle()


def test_caller_who_cancels_while_it_rings_cancels_the_legs(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee_rings")
    document = dial(at(callee), attributes='answerOnBridge="true"')
    with task_running(tmp_path, {MAIN: document}) as task:
        assert sipp("caller_cancels", task.sip_port).wait() == 0
        assert callee.wait() == 0
        task.wait_idle()
        assert len(task.events("ended")) == 2


def test_refused_tcp_connection_fails_the_leg(tmp_path: Path, sipp: Start) -> None:
    uri = f"sip:bob@127.0.0.1:{free_port()};transport=tcp"
    with task_dialling(tmp_path, uri) as task:
        assert sipp("caller_waits", task.sip_port).wait(20) == 0
        task.wait_idle()
        assert [event["code"] for event in task.events("ended") if event.get("code")] == [503]


def test_private_target_is_refused_before_any_invite(tmp_path: Path, sipp: Start) -> None:
    with task_dialling(tmp_path, "sip:bob@10.1.2.3") as task:
        assert sipp("caller_waits", task.sip_port).wait(20) == 0
        task.wait_idle()
        assert [event["error"] for event in task.events("ended") if event.get("error")] == [13254]


def test_digest_over_tcp(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee_challenges", transport="t1")
    noun = f'<Sip username="alice" password="wonderland">{at(callee)};transport=tcp?X-Foo=bar</Sip>'
    with task_running(tmp_path, {MAIN: dial(noun)}) as task:
        assert talks(sipp, task)
        assert callee.wait() == 0
        task.wait_idle()
        assert len(task.events("bridged")) == 1
        assert "wonderland" not in task.output()
    assert callee.messages().count("X-Foo: bar") == 2


def test_call_above_the_cap_gets_503(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    with task_dialling(tmp_path, at(callee), MAX_CALLS="1") as task:
        first = sipp("caller", task.sip_port)
        wait_until(lambda: task.health()["sessions"] == 1)
        assert sipp("caller_refused", task.sip_port).wait() == 0
        assert first.wait() == 0
        task.wait_idle()


def test_sigterm_refuses_new_calls_lets_the_old_end_and_exits(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    with task_dialling(tmp_path, at(callee), DRAIN_SECONDS="10") as task:
        first = sipp("caller", task.sip_port)
        wait_until(lambda: task.events("bridged"))
        task.process.terminate()
        wait_until(lambda: task.health()["draining"])
        assert sipp("caller_refused", task.sip_port).wait() == 0
        assert (first.wait(), callee.wait()) == (0, 0)
        assert task.process.wait(30) == 0
        assert len(task.events("ended")) == 2


def test_sip_messages_of_the_call_are_in_its_trace(tmp_path: Path, sipp: Start) -> None:
    callee = sipp("callee")
    with task_dialling(tmp_path, at(callee)) as task:
        assert talks(sipp, task)
        task.wait_idle()
        wait_until(lambda: len(answers_to_bye(task.entries("trace"))) == 2)
        lines = [message["text"].split("\r\n")[0] for message in task.entries("trace")]
        assert sum(line.startswith("INVITE ") for line in lines) == 2
        assert sum(line.startswith("BYE ") for line in lines) == 2


def test_last_messages_of_many_calls_go_to_the_log_together(tmp_path: Path, sipp: Start) -> None:
    """One request for each call would be one Invoke for each, beside those of its steps."""
    callee = sipp("callee", calls=20)
    with task_dialling(tmp_path, at(callee)) as task:
        assert sipp("caller", task.sip_port, calls=20, rate=20).wait() == 0
        task.wait_idle()
        wait_until(lambda: len(answers_to_bye(task.entries("trace"))) == 40)
        assert len(task.entries("trace_request")) <= 4


def answers_to_bye(messages: list[dict[str, Any]]) -> list[str]:
    return [
        message["text"]
        for message in messages
        if message["text"].startswith("SIP/2.0 200") and " BYE\r\n" in message["text"]
    ]
