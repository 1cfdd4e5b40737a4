"""Which requests the task takes, what it answers to all others, and that no call is touched by them (docs/sip.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.bridged_call import bridge
from tests.signaling.documents import MAIN, WAITS, dial
from tests.signaling.peer import Make, Peer
from tests.signaling.task import stranger, task_running
from tests.waiting import wait_until

ALLOW = ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "REGISTER"]
FOREIGN = ["SUBSCRIBE", "PUBLISH", "MESSAGE", "FROBNICATE"]
EVENT = ["Event: presence", "Expires: 600"]
SIDES = ["caller", "callee"]
RELAY = "Content-Type: application/dtmf-relay"


# -- what is not taken
def test_foreign_methods_outside_a_call_get_405_and_begin_nothing(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        for method in FOREIGN:
            asks, victim = stranger(peers, call.task), peers(Peer)
            asks.place = victim.place
            asks.ask(method, *EVENT, "Content-Type: text/plain", body="hello")
            assert asks.expect("SIP/2.0 405").values("allow") == ALLOW
            assert victim.received == []
            assert asks.count("NOTIFY") == 0
        assert call.task.health()["calls"] == 2
        assert call.still_talks()
        call.ends_well()


@pytest.mark.parametrize("side", SIDES)
def test_foreign_methods_inside_a_call_get_405_and_the_call_goes_on(
    tmp_path: Path, peers: Make, side: str
) -> None:
    with bridge(tmp_path, peers) as call:
        for method in FOREIGN:
            asks = call.ask(side, method, *EVENT)
            assert asks.expect("SIP/2.0 405").values("allow") == ALLOW
            assert asks.count("NOTIFY") == 0
        assert call.still_talks()
        call.ends_well()


@pytest.mark.parametrize("side", SIDES)
def test_notify_inside_a_call_gets_489_with_what_there_is_and_the_call_goes_on(
    tmp_path: Path, peers: Make, side: str
) -> None:
    with bridge(tmp_path, peers) as call:
        asks = call.ask(side, "NOTIFY", "Event: message-summary", "Subscription-State: active")
        assert asks.expect("SIP/2.0 489").values("allow-events") == ["refer"]
        assert call.still_talks()
        call.ends_well()


def test_request_that_needs_a_call_and_has_none(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, WAITS) as task:
        for method in ("BYE", "CANCEL", "INFO", "UPDATE", "PRACK", "NOTIFY"):
            asks = stranger(peers, task)
            asks.ask(method)
            asks.expect("SIP/2.0 481")
        asks = stranger(peers, task)
        asks.ask("REFER", f"Refer-To: <{peers(Peer).uri}>")
        asks.expect("SIP/2.0 603")
        # None of an ACK: what is answered next is the OPTIONS.
        asks.ask("ACK")
        asks.ask("OPTIONS")
        assert asks.expect("SIP/2.0").cseq[1] == "OPTIONS"


def test_request_in_a_dialog_that_has_gone_gets_481(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        call.ends_well()
        call.caller.expect("SIP/2.0 200")  # to the BYE
        for method in ("INVITE", "INFO", "OPTIONS", "NOTIFY", "REFER", "UPDATE"):
            call.caller.ask(method)
            assert call.caller.expect("SIP/2.0 481").cseq[1] == method
        call.caller.ask("BYE")
        assert call.caller.expect("SIP/2.0 200").cseq[1] == "BYE"


def test_callee_who_asks_before_he_answers_gets_481_and_can_still_answer(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(f"<Sip>{callee.uri}</Sip>")}) as task:
        caller = stranger(peers, task)
        caller.call()
        caller.picked_up()
        invite = callee.expect("INVITE")
        for method in ("INVITE", "BYE", "UPDATE", "INFO", "OPTIONS"):
            callee.request(method, invite)
            assert callee.expect("SIP/2.0 481").cseq[1] == method
        callee.answer(invite)
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        caller.hang_up()
        callee.expect("BYE")
        wait_until(lambda: task.health()["transactions"] == 0, 50)


def test_callee_who_asks_between_his_challenge_and_his_answer_gets_481(tmp_path: Path, peers: Make) -> None:
    """His 183 made the dialog; the INVITE that answers the challenge is a new one in it."""
    callee = peers(Peer)
    noun = f'<Sip username="alice" password="wonderland">{callee.uri}</Sip>'
    with task_running(tmp_path, {MAIN: dial(noun)}) as task:
        caller = stranger(peers, task)
        caller.call()
        caller.picked_up()
        first = callee.expect("INVITE")
        callee.reply(first, "183 Session Progress")
        callee.reply(first, "401 Unauthorized", 'WWW-Authenticate: Digest realm="r", nonce="n"')
        second = callee.expect("INVITE")
        for method in ("INVITE", "BYE"):
            callee.request(method, second)
            assert callee.expect("SIP/2.0 481").cseq[1] == method
        callee.answer(second)
        callee.expect("ACK")
        caller.hang_up()
        callee.expect("BYE")


def test_task_at_which_nobody_can_register_does_not_allow_it(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, WAITS, REGISTER="no") as task:
        asks = stranger(peers, task)
        asks.ask("REGISTER")
        assert asks.expect("SIP/2.0 405").values("allow") == ALLOW[:-1]


# -- what the task says that it can do
def test_allow_and_supported_of_what_the_task_sends_are_true(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        for message in (call.invite, call.picked_up):
            assert set(message.values("allow")) <= set(ALLOW)
            assert set(message.values("supported")) <= {"100rel", "timer", "norefersub"}
            assert message.header("allow-events") in ("", "refer")


def test_options_outside_a_call_says_what_the_task_can_do(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, WAITS) as task:
        asks = stranger(peers, task)
        asks.ask("OPTIONS")
        answer = asks.expect("SIP/2.0 200")
        assert answer.values("allow") == ALLOW
        assert answer.values("supported") == ["100rel", "timer", "norefersub"]
        assert answer.values("accept") == ["application/sdp", "application/dtmf-relay"]
        assert answer.values("allow-events") == ["refer"]
        assert answer.body == ""


@pytest.mark.parametrize("side", SIDES)
def test_options_inside_a_call_gets_200(tmp_path: Path, peers: Make, side: str) -> None:
    with bridge(tmp_path, peers) as call:
        assert call.ask(side, "OPTIONS").expect("SIP/2.0 200").values("allow") == ALLOW
        assert call.still_talks()
        call.ends_well()


def test_full_task_answers_options_as_it_would_an_invite(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers, MAX_CALLS="1") as call:
        asks = stranger(peers, call.task)
        asks.ask("OPTIONS")
        asks.expect("SIP/2.0 503")
        call.ask("caller", "OPTIONS").expect("SIP/2.0 200")
        call.ends_well()
        asks.ask("OPTIONS")
        asks.expect("SIP/2.0 200")
        assert call.task.health()["refused"] == 0


# -- the methods that are taken
@pytest.mark.parametrize("side", SIDES)
def test_info_that_tells_no_key_is_answered_and_the_call_goes_on(
    tmp_path: Path, peers: Make, side: str
) -> None:
    with bridge(tmp_path, peers) as call:
        call.ask(side, "INFO").expect("SIP/2.0 200")
        for kind in ("application/media_control+xml", "application/trickle-ice-sdpfrag", "text/plain"):
            refused = call.ask(side, "INFO", f"Content-Type: {kind}", body="<a/>").expect("SIP/2.0 415")
            assert "application/dtmf-relay" in refused.header("accept")
        refused = call.ask(side, "INFO", "Info-Package: g.dtmf", RELAY, body="Signal=1\r\n").expect(
            "SIP/2.0 469"
        )
        assert refused.header("recv-info") == ""
        for body in ("Signal", "Signal==\r\n", "=\r\n", "\r\n"):
            call.ask(side, "INFO", RELAY, body=body).expect("SIP/2.0 400")
        call.ask(side, "INFO", RELAY, body="Signal=5\r\nDuration=100\r\n").expect("SIP/2.0 200")
        assert call.still_talks()
        call.ends_well()


@pytest.mark.parametrize("side", SIDES)
def test_update_without_a_description_gets_200(tmp_path: Path, peers: Make, side: str) -> None:
    with bridge(tmp_path, peers) as call:
        call.ask(side, "UPDATE").expect("SIP/2.0 200")
        assert call.still_talks()
        call.ends_well()


@pytest.mark.parametrize("side", SIDES)
def test_prack_for_nothing_is_refused_and_the_call_goes_on(tmp_path: Path, peers: Make, side: str) -> None:
    with bridge(tmp_path, peers) as call:
        call.ask(side, "PRACK", "RAck: 1 1 INVITE").expect("SIP/2.0 4")  # 400 from the engine, 481 from us
        assert call.still_talks()
        call.ends_well()


def test_invite_that_comes_by_two_ways_is_taken_once(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, WAITS) as task:
        caller = stranger(peers, task)
        caller.call()
        caller.comes_again()
        merged = caller.expect("SIP/2.0 482")
        assert merged.cseq == (1, "INVITE")
        caller.picked_up()
        caller.comes_again()
        caller.expect("SIP/2.0 482")
        assert task.health()["sessions"] == 1
        caller.hang_up()
        task.wait_idle()


@pytest.mark.parametrize(
    "status", ["181 Call Is Being Forwarded", "182 Queued", "199 Early Dialog Terminated"]
)
def test_provisional_response_that_is_no_ringing_is_not_told_as_such(
    tmp_path: Path, peers: Make, status: str
) -> None:
    callee = peers(Peer)
    hooks = 'statusCallback="http://app.example/status" statusCallbackEvent="initiated ringing answered completed"'
    with task_running(tmp_path, {MAIN: dial(f"<Sip {hooks}>{callee.uri}</Sip>")}) as task:
        caller = stranger(peers, task)
        caller.call()
        caller.picked_up()
        invite = callee.expect("INVITE")
        callee.reply(invite, status)
        callee.answer(invite)
        callee.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        assert task.events("provisional") == []
        assert [callback["event"] for callback in task.entries("callback")] == ["initiated", "answered"]
