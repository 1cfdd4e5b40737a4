"""DialActionTest and DialActionAnswerDelayTest: what the action request says of each ending, and what runs then."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.signaling.documents import AFTER, MAIN, dial
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.restcomm.scenario_steps import (
    ACTION,
    Ending,
    callee_hangs_up,
    caller_hangs_up,
    fetched,
    rings,
)
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

TALKED = 3  # s


@pytest.mark.parametrize("hang_up", [callee_hangs_up, caller_hangs_up])
def test_answered_dial_is_completed_with_the_seconds_that_they_talked(
    tmp_path: Path, peers: Make, hang_up: Ending
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes=ACTION)}) as task:
        caller = called(peers, task)
        invite = rings(callee)
        callee.answer(invite)
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        time.sleep(TALKED + 0.2)
        hang_up(caller, callee, invite)
        [asked] = fetched(task)
        assert (asked["DialCallStatus"], asked["DialBridged"]) == ("completed", "true")
        assert TALKED <= int(asked["DialCallDuration"]) <= TALKED + 2
        assert asked["DialSipResponseCode"] == "200"
        assert asked["DialSipCallId"] == invite.header("call-id")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("486 Busy Here", "busy"),
        ("600 Busy Everywhere", "busy"),
        ("403 Forbidden", "failed"),
        ("404 Not Found", "failed"),
        ("500 Server Internal Error", "failed"),
        ("569 Aborted", "failed"),
        ("408 Request Timeout", "no-answer"),
    ],
)
def test_refused_dial_says_so_and_its_callers_call_goes_on(
    tmp_path: Path, peers: Make, answer: str, status: str
) -> None:
    callee = peers(Peer)
    documents = {MAIN: dial(callee.uri, attributes=ACTION), AFTER: "<Response><Hangup/></Response>"}
    with task_running(tmp_path, documents) as task:
        caller = called(peers, task)
        callee.reply(rings(callee), answer)
        [asked] = fetched(task)
        assert (asked["DialCallStatus"], asked["DialSipResponseCode"]) == (status, answer[:3])
        assert (asked["DialCallDuration"], asked["DialBridged"]) == ("0", "false")
        assert asked["CallStatus"] == "in-progress"
        caller.expect("BYE")
        task.wait_idle()


def test_callee_who_does_not_answer_is_no_answer_with_the_seconds_that_it_rang(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes=f'{ACTION} timeout="3"')}) as task:
        called(peers, task)
        rings(callee)
        callee.expect("CANCEL")
        [asked] = fetched(task)
        assert asked["DialCallStatus"] == "no-answer"
        assert (asked["DialRingDuration"], asked["DialCallDuration"]) == ("3", "0")


def test_address_that_cannot_be_dialled_is_failed_and_nobody_talked(tmp_path: Path, peers: Make) -> None:
    documents = {MAIN: dial("sip:@", attributes=ACTION), AFTER: "<Response><Say>Sorry</Say></Response>"}
    with task_running(tmp_path, documents) as task:
        caller = called(peers, task)  # what the action returns answers him
        [asked] = fetched(task)
        assert (asked["DialCallStatus"], asked["DialCallDuration"]) == ("failed", "0")
        caller.expect("BYE")
        task.wait_idle()


def test_headers_of_the_callers_invite_are_in_the_first_request_and_in_the_action_request(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes=ACTION)}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call(
            "X-My-Custom-Header: My Custom Value", "Diversion: <sip:desk@example.com>;reason=unconditional"
        )
        caller.picked_up()
        callee.reply(callee.expect("INVITE"), "486 Busy Here")
        [first], [asked] = fetched(task, MAIN), fetched(task)
        for parameters in (first, asked):
            assert parameters["SipHeader_X-My-Custom-Header"] == "My Custom Value"
            assert parameters["ForwardedFrom"] == "sip:desk@example.com"


def test_document_of_the_action_speaks_and_dials_though_the_first_dial_left_the_caller_unanswered(
    tmp_path: Path, peers: Make
) -> None:
    busy, spare = peers(Peer), peers(Peer)
    documents = {
        MAIN: dial(busy.uri, attributes=f'{ACTION} answerOnBridge="true"'),
        AFTER: f"<Response><Say>One moment</Say><Dial><Sip>{spare.uri}</Sip></Dial></Response>",
    }
    with task_running(tmp_path, documents) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.expect("SIP/2.0 180")
        invite = rings(busy)
        assert caller.count("SIP/2.0 200") == 0
        busy.reply(invite, "486 Busy Here")
        caller.picked_up()
        spare.answer(rings(spare))
        spare.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        assert fetched(task)[0]["DialCallStatus"] == "busy"
        assert caller.count("BYE") == 0
