"""How long a call may last: MAX_CALL_SECONDS, and never less than the timeLimit of a Dial that runs."""

from __future__ import annotations

import time
from pathlib import Path

from tests.signaling.documents import AFTER, MAIN, dial, sip
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.task import action, called, task_running
from tests.waiting import wait_until

LONG = '<Response><Say>Hello</Say><Pause length="600"/></Response>'
SHORT = {"MAX_CALL_SECONDS": "3", "MEDIA_TIMEOUT_SECONDS": "0"}


def test_caller_gets_bye_when_the_longest_time_for_a_call_is_over(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: LONG}, **SHORT) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        called_at = time.monotonic()
        caller.picked_up()
        caller.expect("BYE", 10)
        assert time.monotonic() - called_at > 2.9
        task.wait_idle()


def test_caller_who_is_not_answered_gets_480_when_the_longest_time_for_a_call_is_over(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    document = dial(sip(callee), attributes=f'answerOnBridge="true" timeout="600" action="{AFTER}"')
    with task_running(tmp_path, {MAIN: document, AFTER: "<Response/>"}, **SHORT) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        callee.reply(callee.expect("INVITE"), "180 Ringing")
        caller.expect("SIP/2.0 480", 10)
        callee.expect("CANCEL")
        assert action(task)["DialCallStatus"] == "canceled"
        task.wait_idle()


def test_dial_ends_at_its_own_time_limit_however_short_a_call_may_be(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    document = dial(sip(callee), attributes=f'timeLimit="6" action="{AFTER}"')
    with task_running(tmp_path, {MAIN: document, AFTER: LONG}, **SHORT) as task:
        caller = called(peers, task)
        callee.answer(callee.expect("INVITE"))
        callee.expect("ACK")
        bridged = time.monotonic()
        callee.expect("BYE", 15)
        assert time.monotonic() - bridged > 5.5
        assert action(task)["DialCallStatus"] == "completed"
        assert caller.count("BYE") == 0
        caller.hang_up()
        task.wait_idle()


def test_callee_who_was_transferred_keeps_a_limit(tmp_path: Path, peers: Make) -> None:
    """The Dial that called him has ended, and its limit with it.  Its bridge had moved his own limit (AFTER_DIAL)."""
    refer = "http://app.example/refer"
    bob = peers(Peer)
    pages = {
        MAIN: dial(sip(bob), attributes=f'referUrl="{refer}" action="{AFTER}" timeLimit="1"'),
        refer: LONG,
    }
    with task_running(tmp_path, pages | {AFTER: "<Response/>"}, **SHORT) as task:
        caller = called(peers, task)
        bob.answer(bob.expect("INVITE"))
        bob.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        caller.refer("Refer-To: <sip:carol@example.net>")
        caller.expect("BYE")
        bob.expect("BYE", 30)
        task.wait_idle()
