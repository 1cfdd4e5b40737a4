"""The extensions that a request requires or offers: reliable ringing, session timers, and those that are not known."""

from __future__ import annotations

from pathlib import Path

from tests.signaling.bridged_call import bridge
from tests.signaling.documents import MAIN, WAITS, dial
from tests.signaling.peer import Caller, Make, Message, Peer
from tests.signaling.task import stranger, task_running
from tests.waiting import wait_until


def acknowledges(caller: Caller, provisional: Message) -> None:
    """RFC 3262 §4."""
    assert "100rel" in provisional.header("require")
    caller.enters(provisional)
    caller.ask("PRACK", f"RAck: {provisional.header('rseq')} {provisional.header('cseq')}")


def taken(caller: Caller, method: str) -> int:
    """How many of his requests have got a 200."""
    answers = {message.cseq for message in caller.received if message.line.startswith("SIP/2.0 200")}
    return [name for _, name in answers].count(method)


def test_extension_that_is_not_known_gets_420_and_is_named(tmp_path: Path, peers: Make) -> None:
    required = ["Require: 100rel, tdialog", "Require: join"]
    with bridge(tmp_path, peers) as call:
        for method in ("INVITE", "OPTIONS"):
            asks = stranger(peers, call.task)
            asks.ask(method, *required, sdp="sendrecv")
            assert asks.expect("SIP/2.0 420").values("unsupported") == ["tdialog", "join"]
        for method in ("INVITE", "INFO", "OPTIONS", "UPDATE", "REFER"):
            refused = call.ask("caller", method, *required).expect("SIP/2.0 420")
            assert refused.values("unsupported") == ["tdialog", "join"]
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
