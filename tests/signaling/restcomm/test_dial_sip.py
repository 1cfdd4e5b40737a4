"""DialTest, its Sip group: headers to the callee and back, screening, refusals with headers, Reject."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import AFTER, MAIN, dial
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.restcomm.scenario_steps import ACTION, fetched, rings
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

SCREEN = "http://app.example/screen"


def test_custom_headers_of_the_lost_sample_arrive_with_x_before_them(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    noun = f"<Sip>{callee.uri}?mycustomheader=foo&myotherheader=bar</Sip>"  # the & as the page had it
    with task_running(tmp_path, {MAIN: dial(noun)}) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        assert invite.header("X-mycustomheader") == "foo"
        assert invite.header("X-myotherheader") == "bar"


@pytest.mark.parametrize("url", [SCREEN, "/screen", "screen"])
def test_screening_is_told_the_headers_of_the_200_and_bridges_at_its_end(
    tmp_path: Path, peers: Make, url: str
) -> None:
    callee = peers(Peer)
    documents = {MAIN: dial(f'<Sip url="{url}">{callee.uri}</Sip>'), SCREEN: "<Response/>"}
    with task_running(tmp_path, documents) as task:
        called(peers, task)
        invite = rings(callee)
        callee.answer(invite, "X-mycustomheader: customValue", "X-myothercustomheader: other")
        [asked] = fetched(task, SCREEN)
        assert asked["SipHeader_X-mycustomheader"] == "customValue"
        assert asked["SipHeader_X-myothercustomheader"] == "other"
        assert asked["SipCallId"] == invite.header("call-id")
        assert asked["Direction"] == "outbound-dial"
        wait_until(lambda: task.events("bridged"))


def test_screening_document_that_hangs_up_takes_the_callee_out_and_the_caller_stays(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    documents = {
        MAIN: dial(f'<Sip url="{SCREEN}">{callee.uri}</Sip>', attributes=ACTION),
        SCREEN: "<Response><Hangup/></Response>",
        AFTER: '<Response><Pause length="9"/></Response>',
    }
    with task_running(tmp_path, documents) as task:
        caller = called(peers, task)
        callee.answer(rings(callee))
        callee.expect("BYE")
        assert fetched(task)[0]["DialCallStatus"] == "no-answer"
        assert (caller.count("BYE"), task.events("bridged")) == (0, [])


@pytest.mark.parametrize(
    ("ringing", "answer", "status"),
    [(False, "404 Not Found", "failed"), (True, "603 Decline", "busy")],
)
def test_headers_of_a_refusal_are_in_the_action_request(
    tmp_path: Path, peers: Make, ringing: bool, answer: str, status: str
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes=ACTION)}) as task:
        called(peers, task)
        invite = rings(callee) if ringing else callee.expect("INVITE")
        callee.reply(invite, answer, "X-mycustomheader: customValue", "Y-other: not told")
        [asked] = fetched(task)
        assert asked["DialSipHeader_X-mycustomheader"] == "customValue"
        assert (asked["DialSipResponseCode"], asked["DialCallStatus"]) == (answer[:3], status)
        assert asked["DialSipCallId"] == invite.header("call-id")
        assert "not told" not in asked.values()


@pytest.mark.parametrize(("reason", "code"), [("rejected", 404), ("busy", 486)])
def test_reject_refuses_the_caller_with_its_reason(
    tmp_path: Path, peers: Make, reason: str, code: int
) -> None:
    with task_running(tmp_path, {MAIN: f'<Response><Reject reason="{reason}"/></Response>'}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.expect(f"SIP/2.0 {code}")
        assert caller.count("SIP/2.0 200") == 0
