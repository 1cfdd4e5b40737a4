"""Calls that go wrong, on the whole platform: what the caller, the callee, the customer and the log get to see."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from callapi.emulator import Cloud
from callapi.platform import signaling_task
from chalicelib.calls.commands import DialLegs
from tests.platform.lossy_proxy import lossy_way
from tests.platform.scene import (
    BOMB,
    HANG_UP,
    Call,
    Callee,
    Caller,
    Held,
    Scene,
    at,
    dial,
    document,
    element,
    never,
    port_of,
)
from tests.waiting import wait_until
from tests.webhooks.servers import Answer, answer, application, closed_port, raw
from tests.webhooks.servers import Application as Server

# A killed task's calls are reaped after 45 s of silence, at the next full minute of the schedule.
pytestmark = pytest.mark.timeout(200)
TWO_MINUTES = 120.0


# --- what takes long is begun before the first test and judged by the last ones ---


@pytest.fixture(scope="module", autouse=True)
def patient(stack: ExitStack, scene: Scene, call: Call) -> Caller:
    """Calls an application that never answers."""
    scene.serve("slow.example", stack.enter_context(application(never)).url())
    return call("caller_gets_500", "slow.example")


@dataclass(frozen=True)
class Killed:
    """A task that had one call up and another ringing: when it was killed, and the action URL of both calls."""

    at: float
    action: Server


@pytest.fixture(scope="module", autouse=True)
def killed(stack: ExitStack, scene: Scene, call: Call, callee: Callee, folder: Path) -> Killed:
    own = folder / "killed"
    own.mkdir()
    sip_uri, task = stack.enter_context(signaling_task(scene.local.cloud, scene.local.stack, own))
    action = stack.enter_context(application(HANG_UP))
    for domain, scenario in (("up.example", "callee"), ("rings.example", "callee_rings")):
        noun = scene.sip(at(callee(scenario)))
        server = stack.enter_context(application(document(dial(noun, action))))
        scene.serve(domain, server.url())
        call("caller_leaves_when_told", domain, port_of(sip_uri))
    wait_until(
        lambda: {"answered", "ringing"} <= {r.form["StatusCallbackEvent"] for r in scene.hooks.requests}
    )
    os.kill(task.pid, signal.SIGKILL)
    return Killed(time.monotonic(), action)


# --- the application ---


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(None, 11202, id="refuses-connections"),
        pytest.param(raw(b""), 11205, id="hangs-up"),
        pytest.param(raw(b"220 mail.example ESMTP\r\n\r\n"), 11206, id="speaks-no-http"),
        pytest.param(answer(404, b"<Response/>"), 11217, id="says-404"),
        pytest.param(answer(500, b"<Response/>"), 11217, id="says-500"),
        pytest.param(answer(200, b"<Response><Say>Hello"), 12100, id="sends-no-xml"),
        pytest.param(answer(200, BOMB), 12100, id="sends-a-dtd-bomb"),
        pytest.param(answer(200, b"<Reply/>"), 12102, id="sends-no-response-element"),
        pytest.param(answer(200, b"{}", "application/json"), 12300, id="sends-json"),
        pytest.param(answer(200, b"x" * 10_000_000), 11750, id="sends-10-megabytes"),
    ],
)
def test_caller_gets_500_and_the_log_says_why_when_the_application(
    scene: Scene, call: Call, request: pytest.FixtureRequest, behaviour: Answer | None, code: int
) -> None:
    domain = f"{request.node.callspec.id}.example"
    with application(behaviour or answer(200)) as server:
        scene.serve(domain, server.url() if behaviour else f"http://127.0.0.1:{closed_port()}/")
        assert call("caller_gets_500", domain).wait() == 0
        found = scene.finished_call(domain)
    assert found["status"] == "failed"
    assert [problem.code for problem in scene.problems(found["sid"])] == [code]
    assert len(server.requests) == (1 if behaviour else 0)
    [completed] = scene.completed(found["sid"])
    assert completed["CallStatus"] == "failed"


def test_fallback_url_is_asked_with_the_error_when_the_application_is_down(
    scene: Scene, call: Call, fallback: Server
) -> None:
    assert call("caller_stays", "anybody.example").wait() == 0
    [asked] = fallback.requests
    assert asked.form["ErrorCode"] == "11202"
    assert asked.form["ErrorUrl"].endswith("/voice")


def test_unknown_verb_is_a_warning_with_its_place_and_the_others_run(scene: Scene, call: Call) -> None:
    said = b"<Response>\n  <Frobnicate/>\n  <Say>Hello</Say>\n</Response>"
    with application(answer(200, said)) as server:
        scene.serve("verb.example", server.url())
        assert call("caller_stays", "verb.example").wait() == 0
        found = scene.finished_call("verb.example")
    assert found["status"] == "completed"
    [problem] = scene.problems(found["sid"])
    assert (problem.code, problem.severity, problem.line, problem.column) == (12200, "warning", 2, 3)


def test_action_url_that_fails_is_asked_once_and_the_caller_is_hung_up(
    scene: Scene, call: Call, callee: Callee
) -> None:
    busy = callee("callee_busy")
    with (
        application(answer(500)) as action,
        application(document(dial(scene.sip(at(busy)), action), "<Say>Never said</Say>")) as server,
    ):
        scene.serve("action.example", server.url())
        assert call("caller_stays", "action.example").wait() == 0
        found = scene.finished_call("action.example")
    assert [request.form["DialCallStatus"] for request in action.requests] == ["busy"]
    assert [problem.code for problem in scene.problems(found["sid"])] == [11217]


# --- the caller ---


def test_caller_who_cancels_while_it_rings_cancels_the_callee_and_one_action_request_says_so(
    scene: Scene, call: Call, callee: Callee
) -> None:
    bob = callee("callee_rings")
    with (
        application(HANG_UP) as action,
        application(document(dial(scene.sip(at(bob)), action, answerOnBridge="true"))) as server,
    ):
        scene.serve("cancels.example", server.url())
        alice = call("caller_cancels_when_told", "cancels.example")
        wait_until(lambda: "SIP/2.0 180" in alice.messages() and "SIP/2.0 180" in bob.messages())
        alice.tell()
        assert (alice.wait(), bob.wait()) == (0, 0)
        found = scene.finished_call("cancels.example")
        [leg] = scene.legs(found["sid"], 1)
    assert [request.form["DialCallStatus"] for request in action.requests] == ["canceled"]
    assert (found["status"], leg["status"]) == ("canceled", "canceled")
    assert [form["CallStatus"] for form in scene.completed(leg["sid"])] == ["canceled"]


def test_caller_who_cancels_while_a_callee_is_screened_hangs_the_callee_up(
    scene: Scene, call: Call, callee: Callee
) -> None:
    bob = callee("callee")
    with (
        application(document('<Gather timeout="60"/>')) as screen,
        application(HANG_UP) as action,
        application(
            document(dial(scene.sip(at(bob), url=screen.url()), action, answerOnBridge="true"))
        ) as server,
    ):
        scene.serve("screened.example", server.url())
        alice = call("caller_cancels_when_told", "screened.example")
        wait_until(lambda: screen.requests)
        alice.tell()
        assert (alice.wait(), bob.wait()) == (0, 0)
        found = scene.finished_call("screened.example")
        [leg] = scene.legs(found["sid"], 1)
    assert [request.form["DialCallStatus"] for request in action.requests] == ["canceled"]
    assert action.requests[0].form["DialBridged"] == "false"
    assert (found["status"], leg["status"]) == ("canceled", "completed")
    assert len(scene.completed(leg["sid"])) == 1


def test_caller_who_cancels_during_the_fetch_rings_nobody_and_causes_no_action_request(
    scene: Scene, call: Call
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bob, application(HANG_UP) as action:
        bob.bind(("127.0.0.1", 0))
        noun = scene.sip(f"sip:bob@127.0.0.1:{bob.getsockname()[1]}")
        held = Held(document(dial(noun, action)))
        with application(held) as server:
            scene.serve("hasty.example", server.url())
            alice = call("caller_cancels_when_told", "hasty.example")
            wait_until(lambda: server.requests)
            alice.tell()
            assert alice.wait() == 0
            found = scene.finished_call("hasty.example")
            held.release()
            wait_until(lambda: scene.log(found["sid"])[-1].state.over)
        commands = [command for row in scene.log(found["sid"]) for command in row.commands]
        assert not [command for command in commands if isinstance(command, DialLegs)]
        bob.setblocking(False)
        with pytest.raises(BlockingIOError):
            bob.recv(1)
    assert found["status"] == "canceled"
    assert action.requests == []


# --- the receiver of callbacks, and the way to the functions ---


def test_receiver_that_says_500_gets_the_same_callback_again_before_the_next_one_of_its_call(
    scene: Scene, call: Call, callee: Callee
) -> None:
    busy = callee("callee_busy")
    with application(answer(500), answer(500), answer(204)) as receiver:
        hook = {"statusCallback": receiver.url(), "statusCallbackEvent": "initiated completed"}
        noun = element("Sip", at(busy), **hook)
        with application(document(element("Dial", noun))) as server:
            scene.serve("receiver.example", server.url())
            assert call("caller_stays", "receiver.example").wait() == 0
            wait_until(lambda: len(receiver.requests) == 4)
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert [request.form["SequenceNumber"] for request in receiver.requests] == ["0", "0", "0", "1"]
    assert len({request.body for request in receiver.requests[:3]}) == 1


def test_steps_whose_answers_are_lost_cause_no_second_invite_action_or_callback(
    scene: Scene, call: Call, callee: Callee, folder: Path
) -> None:
    bob = callee("callee")
    own = folder / "lossy"
    own.mkdir()
    local = scene.local
    with (
        lossy_way(local.cloud.endpoint, local.stack["StepFunction"]) as way,
        application(HANG_UP) as action,
        application(document(dial(scene.sip(at(bob)), action))) as server,
    ):
        scene.serve("lossy.example", server.url())
        with signaling_task(Cloud(way.endpoint), local.stack, own) as (sip_uri, _):
            alice = call("caller_leaves_when_told", "lossy.example", port_of(sip_uri))
            wait_until(lambda: [c for c in scene.calls(To=at(bob)) if c["status"] == "in-progress"])
            alice.tell()
            assert (alice.wait(), bob.wait()) == (0, 0)
            found = scene.finished_call("lossy.example")
            [leg] = scene.legs(found["sid"], 1)
            wait_until(lambda: scene.log(found["sid"])[-1].state.over)
    assert set(way.invoked.values()) == {2}
    assert len(way.invoked) == len(scene.log(found["sid"]))
    assert bob.messages().count("\nINVITE sip:") == 1
    assert (len(server.requests), len(action.requests)) == (1, 1)
    assert [form["SequenceNumber"] for form in scene.callbacks(leg["sid"])] == ["0", "1", "2", "3"]


# --- judged last ---


def test_caller_of_an_application_that_never_answers_gets_500_after_15_seconds(
    scene: Scene, patient: Caller
) -> None:
    assert patient.wait() == 0
    found = scene.finished_call("slow.example")
    assert [problem.code for problem in scene.problems(found["sid"])] == [11203]
    rows = scene.log(found["sid"])
    assert 15 <= rows[1].at - rows[0].at < 18


def test_calls_of_a_killed_task_end_as_failed_within_two_minutes_and_their_callbacks_arrive(
    scene: Scene, killed: Killed
) -> None:
    for domain in ("up.example", "rings.example"):
        left = killed.at + TWO_MINUTES - time.monotonic()
        found = scene.finished_call(domain, left)
        [leg] = scene.legs(found["sid"], 1)
        assert (found["status"], leg["status"]) == ("failed", "failed")
        assert [form["CallStatus"] for form in scene.completed(leg["sid"])] == ["failed"]
        assert [form["CallStatus"] for form in scene.completed(found["sid"])] == ["failed"]
    wait_until(lambda: len(killed.action.requests) == 2)
    assert [request.form["DialCallStatus"] for request in killed.action.requests] == ["failed", "failed"]


def test_every_call_above_had_one_completed_callback_and_it_was_its_last(scene: Scene) -> None:
    events: dict[str, list[str]] = {}
    for form in [request.form for request in scene.hooks.requests]:
        events.setdefault(form["CallSid"], []).append(form["StatusCallbackEvent"])
    assert {tuple(seen).count("completed") for seen in events.values()} == {1}
    assert {seen[-1] for seen in events.values()} == {"completed"}
