"""A session that can no longer be stepped ends: its calls are hung up, and the engine hears of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callapi.processes import rtp_ports
from chalicelib.calls.protocol import StepRequest
from signaling.engine.loop import THREADS
from tests.signaling.deployment import Deployment, deployment, never, signaling
from tests.signaling.documents import AFTER, MAIN
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.task import Task, called
from tests.waiting import wait_until

HOOK = 'statusCallback="http://app.example/status"'


def document(callee: Peer) -> str:
    return f'<Response><Dial action="/after"><Sip {HOOK}>{callee.uri}</Sip></Dial></Response>'


def kinds(request: StepRequest) -> list[str]:
    return [str(event.__struct_config__.tag) for event in request.events]


def having(kind: str) -> Callable[[StepRequest], bool]:
    return lambda request: kind in kinds(request)


@contextmanager
def platform(folder: Path, callee: Peer, **environment: str) -> Iterator[tuple[Deployment, Task]]:
    (folder / "task").mkdir()
    with (
        deployment(folder, {MAIN: document(callee), AFTER: "<Response/>"}) as deployed,
        signaling(deployed, folder / "task", **environment) as task,
    ):
        yield (
            deployed,
            Task(folder, task.process, {"sip_port": task.sip_port, "health_port": task.health_port}),
        )


def fetched(task: Task) -> list[str]:
    return [command["url"] for command in task.entries("command", "fetch")]


def completed(task: Task) -> list[tuple[str, str]]:
    told = [callback["parameters"] for callback in task.entries("callback")]
    return [(each["CallStatus"], each.get("ErrorCode", "")) for each in told]


def test_step_that_can_never_be_made_hangs_up_both_and_tells_the_application(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    with platform(tmp_path, callee) as (deployed, task):
        deployed.functions.impossible = having("bridged")
        caller = called(peers, task)
        callee.answer(callee.expect("INVITE"))
        caller.expect("BYE")
        callee.expect("BYE")
        wait_until(lambda: task.events("abandoned"))
        wait_until(lambda: fetched(task) == [MAIN, AFTER])
        assert completed(task) == [("failed", "12400")]
        [action] = [c for c in task.entries("command", "fetch") if c["url"] == AFTER]
        assert action["parameters"]["DialCallStatus"] == "failed"
        task.wait_idle()


def test_caller_whose_first_step_can_never_be_made_gets_500(tmp_path: Path, peers: Make) -> None:
    with platform(tmp_path, peers(Peer)) as (deployed, task):
        deployed.functions.impossible = having("incoming")
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.expect("SIP/2.0 500")
        task.wait_idle()


def test_step_that_kills_its_function_each_time_is_not_tried_for_ever(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with platform(tmp_path, callee) as (deployed, task):
        deployed.functions.deadly = having("answered")
        caller = called(peers, task)
        callee.reply(callee.expect("INVITE"), "180 Ringing")
        caller.expect("BYE")
        callee.expect("CANCEL")
        wait_until(lambda: task.events("abandoned"))
        killed = [request for request in deployed.functions.asked if "answered" in kinds(request)]
        assert len(killed) == 3
        assert len({request.number for request in killed}) == 1
        task.wait_idle()


def test_step_that_is_in_the_log_though_it_failed_is_stepped_over(tmp_path: Path, peers: Make) -> None:
    """Its effects failed: the number under which the task gives up is taken by then, and the log fences it off."""
    callee = peers(Peer)
    with platform(tmp_path, callee) as (deployed, task):
        deployed.functions.impossible = having("bridged")
        deployed.functions.leaves_row = True
        caller = called(peers, task)
        callee.answer(callee.expect("INVITE"))
        caller.expect("BYE")
        wait_until(lambda: task.events("abandoned"))
        last = [request for request in deployed.functions.asked if "abandoned" in kinds(request)]
        assert [request.number - last[0].number for request in last] == [0, 1]
        wait_until(lambda: fetched(task) == [MAIN, AFTER])
        task.wait_idle()


def test_steps_that_are_asked_again_hold_no_thread(
    tmp_path: Path, sipp: Callable[..., Any], peers: Make
) -> None:
    """More sessions wait for an answer than the task has threads."""
    ports = rtp_ports()
    media = {"RTP_PORT_START": str(ports[0]), "RTP_PORT_COUNT": str(len(ports))}
    with platform(tmp_path, peers(Peer), **media) as (deployed, task):
        functions = deployed.functions
        functions.throttled = having("incoming")
        callers = sipp("caller", task.sip_port, calls=THREADS + 10, rate=100)
        wait_until(lambda: len({request.session for request in functions.asked}) == THREADS + 10)
        waiting = {request.session for request in functions.asked}
        functions.throttled = lambda request: request.session in waiting
        called(peers, task).hang_up()
        functions.throttled = never
        callers.stop()


def test_function_that_is_away_for_a_while_costs_no_call(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with platform(tmp_path, callee) as (deployed, task):
        deployed.functions.up = False
        caller = peers(Caller, task.sip_port)
        caller.call()
        error = tmp_path / "task" / "task.err"
        wait_until(lambda: error.read_text().count("NotAnsweredError") >= 2)
        deployed.functions.up = True
        caller.picked_up()
        callee.answer(callee.expect("INVITE"))
        callee.expect("ACK")
        caller.hang_up()
        callee.expect("BYE")
        assert not task.events("abandoned")
        task.wait_idle()
