"""POST Calls/{CallSid} on the whole platform: what the two who talk get to see, and how soon."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.calls.events import Bridged
from tests.platform.scene import HANG_UP, Call, Callee, Caller, Scene, document, element
from tests.signaling.rtp import Telephone
from tests.signaling.sipp import Sipp
from tests.waiting import wait_until
from tests.webhooks.servers import Application as Server
from tests.webhooks.servers import application

SHORT = "<Pause length='1'/>"
LONG = "<Pause length='60'/>"
ALICES_TONE, BOBS_TONE = 600.0, 1000.0  # Hz


@dataclass
class Talk:
    """Alice called, and the document dialled Bob.  ``parent`` and ``child`` are their CallSids."""

    scene: Scene
    domain: str
    alice: Caller
    bob: Sipp
    action: Server
    parent: str
    child: str

    def status(self, sid: str) -> str:
        return next(str(c["status"]) for c in self.scene.calls() if c["sid"] == sid)


@contextmanager
def talk(
    scene: Scene, call: Call, callee: Callee, domain: str, scenario: str, state: str, *after: str
) -> Iterator[Talk]:
    """Until Bob's leg is in ``state``.  ``after``: the verbs behind the Dial."""
    bob = callee(scenario)
    with ExitStack() as stack:
        action = stack.enter_context(application(document(LONG)))
        noun = scene.sip(f"sip:bob@127.0.0.1:{bob.port}")
        verbs = element("Dial", noun, action=action.url()), *after
        scene.serve(domain, stack.enter_context(application(document(*verbs))).url())
        alice = call("caller_stays", domain)
        parents = wait_until(lambda: scene.calls(To=f"sip:svc@{domain}"))
        parent = str(parents[0]["sid"])
        [leg] = wait_until(
            lambda: [leg for leg in scene.calls(ParentCallSid=parent) if leg["status"] == state]
        )
        made = Talk(scene, domain, alice, bob, action, parent, str(leg["sid"]))
        if state == "in-progress":
            wait_until(lambda: _bridged(made))
        yield made


def _bridged(talk: Talk) -> bool:
    dial = talk.scene.log(talk.parent)[-1].state.parent.dial
    return dial is not None and bool(dial.bridged)


def modify(scene: Scene, sid: str, **form: str) -> tuple[int, dict[str, Any], float]:
    """POST Calls/{CallSid}: the status, the body, and when the answer was here."""
    ready = scene.local.running.ready
    url = f"{ready.api_url}/2012-04-24/Accounts/{ready.account_sid}/Calls/{sid}.json"
    basic = base64.b64encode(f"{ready.account_sid}:{ready.auth_token}".encode()).decode()
    request = urllib.request.Request(
        url, urlencode(form).encode(), {"Authorization": f"Basic {basic}"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer), time.time()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), time.time()


def seconds_to_sip(scene: Scene, talk: Talk, method: str, call: str, answered: float) -> float:
    """From the answer over HTTP to the first ``method`` that went out for ``call``; both clocks are this machine's."""

    def sent() -> list[float]:
        messages = scene.recorded(talk.parent).messages
        return [m.at for m in messages if m.sent and m.call == call and m.text.startswith(f"{method} ")]

    return float(wait_until(sent)[0]) - answered


def asked_of(server: Server) -> list[str]:
    return [request.form["DialCallStatus"] for request in server.requests]


def test_caller_who_is_sent_elsewhere_leaves_the_callee_who_is_hung_up(
    scene: Scene, call: Call, callee: Callee, capsys: pytest.CaptureFixture[str]
) -> None:
    with talk(scene, call, callee, "parent.example", "callee", "in-progress", "<Reject/>") as made:
        rcml = f"<Response>{SHORT}<Hangup/></Response>"
        status, shown, answered = modify(scene, made.parent, Rcml=rcml)
        assert (status, shown["sid"]) == (200, made.parent)
        assert made.bob.wait() == 0
        assert "BYE sip:" not in made.alice.messages()
        assert made.alice.wait() == 0
        [leg] = scene.legs(made.parent, 1)
        wait_until(lambda: made.action.requests)
        seconds = seconds_to_sip(scene, made, "BYE", made.child, answered)
    with capsys.disabled():
        print(f"\nHTTP answer to BYE: {seconds * 1000:.0f} ms")
    assert seconds < 2
    assert (leg["status"], len(scene.completed(leg["sid"]))) == ("completed", 1)
    assert asked_of(made.action) == ["completed"]
    assert scene.finished_call("parent.example")["status"] == "completed"


def test_callee_who_is_sent_elsewhere_leaves_the_caller_who_is_hung_up(
    scene: Scene, call: Call, callee: Callee
) -> None:
    with (
        talk(scene, call, callee, "child.example", "callee", "in-progress") as made,
        application(document(SHORT)) as elsewhere,
    ):
        assert modify(scene, made.child, Url=elsewhere.url("/next"), Method="GET")[0] == 200
        assert made.alice.wait() == 0
        assert "BYE sip:" not in made.bob.messages()
        assert made.bob.wait() == 0
        [leg] = scene.legs(made.parent, 1)
        wait_until(lambda: made.action.requests)
    [request] = elsewhere.requests
    assert (request.method, f"CallSid={made.child}" in request.target) == ("GET", True)
    assert asked_of(made.action) == ["completed"]
    assert len(scene.completed(leg["sid"])) == 1


def test_connected_leg_that_is_moved_runs_the_document_too(scene: Scene, call: Call, callee: Callee) -> None:
    with (
        talk(scene, call, callee, "moved.example", "callee", "in-progress") as made,
        application(document("<Pause length='3'/>")) as elsewhere,
    ):
        modify(scene, made.child, Url=elsewhere.url(), MoveConnectedCallLeg="true")
        wait_until(lambda: len(elsewhere.requests) == 2)
        assert {request.form["CallSid"] for request in elsewhere.requests} == {made.parent, made.child}
        assert (made.status(made.parent), made.status(made.child)) == ("in-progress", "in-progress")
        assert (made.alice.wait(), made.bob.wait()) == (0, 0)
        scene.legs(made.parent, 1)
        wait_until(lambda: made.action.requests)
    assert asked_of(made.action) == ["completed"]
    assert len(scene.completed(made.child)) == 1
    assert scene.finished_call("moved.example")["status"] == "completed"


def test_those_who_were_moved_apart_hear_their_documents_and_not_each_other(
    scene: Scene, stack: ExitStack, folder: Path
) -> None:
    caller, callee = Telephone(ALICES_TONE), Telephone(BOBS_TONE)
    bob = Sipp(folder, "callee", media=callee.port)
    noun = scene.sip(f"sip:bob@127.0.0.1:{bob.port}")
    scene.serve("apart.example", stack.enter_context(application(document(element("Dial", noun)))).url())
    alice = Sipp(folder, "caller_stays", scene.sip_port, domain="apart.example", media=caller.port)
    for end in (caller.close, callee.close, bob.stop, alice.stop):
        stack.callback(end)
    wait_until(lambda: caller.hears(BOBS_TONE) and callee.hears(ALICES_TONE))
    [parent] = scene.calls(To="sip:svc@apart.example")
    [child] = wait_until(lambda: scene.calls(ParentCallSid=parent["sid"]))
    spoken = "<Response><Say loop='0'>You are elsewhere now</Say></Response>"
    assert modify(scene, parent["sid"], Rcml=spoken, MoveConnectedCallLeg="true")[0] == 200
    wait_until(lambda: not caller.hears(BOBS_TONE) and not callee.hears(ALICES_TONE))
    heard = caller.heard_seconds(), callee.heard_seconds()
    wait_until(lambda: caller.heard_seconds() > heard[0] + 1 and callee.heard_seconds() > heard[1] + 1)
    assert not caller.hears(BOBS_TONE, share=0.2)
    assert not callee.hears(ALICES_TONE, share=0.2)
    for sid in (parent["sid"], child["sid"]):
        modify(scene, sid, Status="completed")
    assert (alice.wait(), bob.wait()) == (0, 0)


def test_ringing_leg_that_the_api_cancels_gets_cancel_and_the_dial_is_canceled(
    scene: Scene, call: Call, callee: Callee, capsys: pytest.CaptureFixture[str]
) -> None:
    with talk(scene, call, callee, "ringing.example", "callee_rings", "ringing") as made:
        assert modify(scene, made.parent, Status="canceled")[1]["code"] == 21220
        status, _, answered = modify(scene, made.child, Status="canceled")
        assert status == 200
        assert made.bob.wait() == 0
        [leg] = scene.legs(made.parent, 1)
        wait_until(lambda: made.action.requests)
        wait_until(lambda: made.action.requests)
        assert modify(scene, made.parent, Status="completed")[0] == 200
        assert made.alice.wait() == 0
        seconds = seconds_to_sip(scene, made, "CANCEL", made.child, answered)
    with capsys.disabled():
        print(f"\nHTTP answer to CANCEL: {seconds * 1000:.0f} ms")
    assert seconds < 2
    assert leg["status"] == "canceled"
    assert asked_of(made.action) == ["canceled"]


def test_caller_who_is_sent_elsewhere_while_it_rings_cancels_the_callee_and_dials_another(
    scene: Scene, call: Call, callee: Callee
) -> None:
    other = callee("callee")
    with talk(scene, call, callee, "again.example", "callee_rings", "ringing") as made:
        noun = scene.sip(f"sip:carol@127.0.0.1:{other.port}")
        modify(scene, made.parent, Rcml=f"<Response><Dial timeLimit='1'>{noun}</Dial></Response>")
        assert (made.bob.wait(), other.wait(), made.alice.wait()) == (0, 0, 0)
        legs = scene.legs(made.parent, 2)
        wait_until(lambda: made.action.requests)
    assert sorted(leg["status"] for leg in legs) == ["canceled", "completed"]
    assert asked_of(made.action) == ["canceled"]


def test_ringing_leg_that_is_sent_elsewhere_runs_the_document_when_it_answers_and_is_not_bridged(
    scene: Scene, call: Call, callee: Callee
) -> None:
    scenario = "callee_answers_when_told"
    with (
        talk(scene, call, callee, "later.example", scenario, "ringing") as made,
        application(document(SHORT)) as elsewhere,
    ):
        assert modify(scene, made.child, Url=elsewhere.url())[0] == 200
        wait_until(lambda: made.action.requests)
        assert elsewhere.requests == []
        made.bob.tell()
        assert made.bob.wait() == 0
        [leg] = scene.legs(made.parent, 1)
        wait_until(lambda: made.action.requests)
        assert made.status(made.parent) == "in-progress"
        modify(scene, made.parent, Status="completed")
        assert made.alice.wait() == 0
    assert [request.form["CallSid"] for request in elsewhere.requests] == [made.child]
    assert leg["status"] == "completed"
    assert asked_of(made.action) == ["canceled"]
    events = [event for row in scene.log(made.parent) for event in row.events]
    assert not [event for event in events if isinstance(event, Bridged)]


def test_call_that_is_over_cannot_be_changed(scene: Scene, call: Call) -> None:
    with application(HANG_UP) as server:
        scene.serve("over.example", server.url())
        assert call("caller_stays", "over.example").wait() == 0
        ended = scene.finished_call("over.example")["sid"]
    for form in ({"Status": "completed"}, {"Url": "http://127.0.0.1/"}, {"Rcml": "<Response/>"}):
        status, error, _ = modify(scene, ended, **form)
        assert (status, error["code"]) == (400, 21220)
