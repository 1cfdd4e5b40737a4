"""Which requests the task takes, what it answers to all others, and that no call is touched by them (docs/sip.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.bridged_call import bridge
from tests.signaling.documents import MAIN, dial
from tests.signaling.peer import Caller, Make, Message, Peer
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until

ALLOW = ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "REGISTER"]
FOREIGN = ["SUBSCRIBE", "PUBLISH", "MESSAGE", "FROBNICATE"]
EVENT = ["Event: presence", "Expires: 600"]
SIDES = ["caller", "callee"]
RELAY = "Content-Type: application/dtmf-relay"
WAITS = {MAIN: "<Response><Say>Hello</Say><Pause length='60'/></Response>"}


def values(message: Message, name: str) -> list[str]:
    return [value.strip() for value in message.header(name).split(",")]


def stranger(peers: Make, task: Task) -> Caller:
    found: Caller = peers(Caller, task.sip_port)
    return found


def acknowledges(caller: Caller, provisional: Message) -> None:
    """RFC 3262 §4."""
    assert "100rel" in provisional.header("require")
    caller.enters(provisional)
    caller.ask("PRACK", f"RAck: {provisional.header('rseq')} {provisional.header('cseq')}")


def taken(caller: Caller, method: str) -> int:
    """How many of his requests have got a 200."""
    answers = {message.cseq for message in caller.received if message.line.startswith("SIP/2.0 200")}
    return [name for _, name in answers].count(method)


# -- what is not taken
def test_foreign_methods_outside_a_call_get_405_and_begin_nothing(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        for method in FOREIGN:
            asks, victim = stranger(peers, call.task), peers(Peer)
            asks.place = victim.place
            asks.ask(method, *EVENT, "Content-Type: text/plain", body="hello")
            assert values(asks.expect("SIP/2.0 405"), "allow") == ALLOW
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
            assert values(asks.expect("SIP/2.0 405"), "allow") == ALLOW
            assert asks.count("NOTIFY") == 0
        assert call.still_talks()
        call.ends_well()


@pytest.mark.parametrize("side", SIDES)
def test_notify_inside_a_call_gets_489_with_what_there_is_and_the_call_goes_on(
    tmp_path: Path, peers: Make, side: str
) -> None:
    with bridge(tmp_path, peers) as call:
        asks = call.ask(side, "NOTIFY", "Event: message-summary", "Subscription-State: active")
        assert values(asks.expect("SIP/2.0 489"), "allow-events") == ["refer"]
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
        assert values(asks.expect("SIP/2.0 405"), "allow") == ALLOW[:-1]


# -- what the task says that it can do
def test_allow_and_supported_of_what_the_task_sends_are_true(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        for message in (call.invite, call.picked_up):
            assert set(values(message, "allow")) <= set(ALLOW)
            assert set(values(message, "supported")) <= {"100rel", "timer", "norefersub"}
            assert message.header("allow-events") in ("", "refer")


def test_options_outside_a_call_says_what_the_task_can_do(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, WAITS) as task:
        asks = stranger(peers, task)
        asks.ask("OPTIONS")
        answer = asks.expect("SIP/2.0 200")
        assert values(answer, "allow") == ALLOW
        assert values(answer, "supported") == ["100rel", "timer", "norefersub"]
        assert values(answer, "accept") == ["application/sdp", "application/dtmf-relay"]
        assert values(answer, "allow-events") == ["refer"]
        assert answer.body == ""


@pytest.mark.parametrize("side", SIDES)
def test_options_inside_a_call_gets_200(tmp_path: Path, peers: Make, side: str) -> None:
    with bridge(tmp_path, peers) as call:
        assert values(call.ask(side, "OPTIONS").expect("SIP/2.0 200"), "allow") == ALLOW
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


# -- what a request may require
def test_extension_that_is_not_known_gets_420_and_is_named(tmp_path: Path, peers: Make) -> None:
    required = ["Require: 100rel, tdialog", "Require: join"]
    with bridge(tmp_path, peers) as call:
        for method in ("INVITE", "OPTIONS"):
            asks = stranger(peers, call.task)
            asks.ask(method, *required, sdp="sendrecv")
            assert values(asks.expect("SIP/2.0 420"), "unsupported") == ["tdialog", "join"]
        for method in ("INVITE", "INFO", "OPTIONS", "UPDATE", "REFER"):
            refused = call.ask("caller", method, *required).expect("SIP/2.0 420")
            assert values(refused, "unsupported") == ["tdialog", "join"]
        assert call.task.health()["calls"] == 2
        assert call.still_talks()
        # Who hangs up has gone, whatever he requires.
        call.ask("callee", "BYE", *required).expect("SIP/2.0 200")
        call.caller.expect("BYE")


def test_caller_who_requires_reliable_ringing_gets_it(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(
        tmp_path, {MAIN: dial(f"<Sip>{callee.uri}</Sip>", attributes='answerOnBridge="true"')}
    ) as task:
        caller = stranger(peers, task)
        caller.call("Require: 100rel")
        acknowledges(caller, caller.expect("SIP/2.0 180"))
        wait_until(lambda: taken(caller, "PRACK") == 1)
        callee.answer(callee.expect("INVITE"))
        acknowledges(caller, caller.expect("SIP/2.0 183"))
        wait_until(lambda: taken(caller, "PRACK") == 2 and taken(caller, "INVITE") == 1)


def test_session_interval_that_is_too_small_gets_422(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, WAITS) as task:
        caller = stranger(peers, task)
        caller.call("Supported: timer", "Session-Expires: 30")
        assert caller.expect("SIP/2.0 422").header("min-se") == "90"
        assert task.events("incoming") == []


def test_headers_of_extensions_that_nobody_has_to_know_are_passed_over(tmp_path: Path, peers: Make) -> None:
    """RFC 3911 and RFC 4538: whoever does not know them takes the call."""
    with bridge(tmp_path, peers) as call:
        names = f"{call.invite.header('call-id')};to-tag={call.callee.tag};from-tag=1"
        caller = stranger(peers, call.task)
        caller.call(f"Join: {names}", f"Target-Dialog: {names}")
        caller.picked_up()
        assert call.still_talks()


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
