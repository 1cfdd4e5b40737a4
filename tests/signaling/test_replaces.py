"""Replaces (RFC 3891) is not supported: whoever names a call of ours with it is refused, and no call is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.bridged_call import Bridge, bridge
from tests.signaling.documents import MAIN, dial
from tests.signaling.peer import Caller, Make, Message, Peer
from tests.signaling.task import task_running
from tests.waiting import wait_until


def tag(value: str) -> str:
    return value.partition(";tag=")[2].partition(";")[0]


def names(message: Message, *, swapped: bool = False, tail: str = "") -> str:
    """A Replaces for the dialog that ``message`` is of."""
    to, sender = tag(message.header("to")), tag(message.header("from"))
    if swapped:
        to, sender = sender, to
    return f"Replaces: {message.header('call-id')};to-tag={to};from-tag={sender}{tail}"


def callees_dialog(call: Bridge) -> Message:
    """Its own ACK: the tags of both are in it."""
    [ack] = [message for message in call.callee.received if message.line.startswith("ACK")]
    return ack


def refused(call: Bridge, caller: Caller, *lines: str, status: str = "403") -> Message:
    caller.call(*lines)
    answer = caller.expect("SIP/2.0 4")
    assert answer.line.startswith(f"SIP/2.0 {status}")
    assert call.task.health()["calls"] == 2
    return answer


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_invite_that_names_a_call_is_refused_and_the_two_go_on_talking(
    tmp_path: Path,
    peers: Make,
    side: str,
    swapped: bool,
) -> None:
    with bridge(tmp_path, peers) as call:
        dialog = call.picked_up if side == "caller" else callees_dialog(call)
        for tail in ("", ";early-only", ";x=y;z"):
            refused(call, peers(Caller, call.task.sip_port), names(dialog, swapped=swapped, tail=tail))
        assert call.still_talks()
        call.ends_well()


def test_several_replaces_of_which_one_names_a_call_are_refused(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        caller = peers(Caller, call.task.sip_port)
        refused(call, caller, "Replaces: 1;to-tag=2;from-tag=3", names(call.picked_up), names(call.picked_up))
        assert call.still_talks()
        call.ends_well()


def test_replaces_that_is_required_gets_420(tmp_path: Path, peers: Make) -> None:
    with bridge(tmp_path, peers) as call:
        for lines in (["Require: replaces"], ["Require: replaces", names(call.picked_up)]):
            answer = refused(call, peers(Caller, call.task.sip_port), *lines, status="420")
            assert answer.header("unsupported") == "replaces"
        assert call.still_talks()
        call.ends_well()


def test_early_call_cannot_be_replaced(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    noun = f"<Sip>{callee.uri}</Sip>"
    with task_running(tmp_path, {MAIN: dial(noun, attributes='answerOnBridge="true"')}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        ringing = caller.expect("SIP/2.0 180")
        invite = callee.expect("INVITE")
        callee.reply(invite, "180 Ringing")
        wait_until(lambda: task.events("provisional"))
        sent = f"{invite.header('call-id')};to-tag={callee.tag};from-tag={tag(invite.header('from'))}"
        for line in (names(ringing), f"Replaces: {sent}", f"Replaces: {sent};early-only"):
            stranger = peers(Caller, task.sip_port)
            stranger.call(line)
            stranger.expect("SIP/2.0 403")
        callee.answer(invite)
        caller.picked_up()
        assert task.health()["calls"] == 2
        caller.hang_up()
        callee.expect("BYE")
        task.wait_idle()


MALFORMED = [
    "Replaces: nobody@nowhere;to-tag=1;from-tag=2",
    "Replaces:",
    "Replaces: ;;;",
    "Replaces: ;to-tag=;from-tag=",
    'Replaces: a b c \x01 "',
    "Replaces: x;to-tag=<sip:a@b>;from-tag",
    "Replaces: a, b;to-tag=1",
    f"Replaces: {'x' * 3000};to-tag=1;from-tag=2",
]


@pytest.mark.parametrize("line", MALFORMED)
def test_replaces_that_names_no_call_is_an_invite_like_any_other(
    tmp_path: Path, peers: Make, line: str
) -> None:
    with bridge(tmp_path, peers) as call:
        other = peers(Caller, call.task.sip_port)
        other.call(line, line)
        other.picked_up()
        call.callee.reply(call.callee.expect("INVITE"), "486 Busy Here")
        other.expect("BYE")
        assert call.still_talks()
        call.ends_well()


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_replaces_within_a_call_is_refused_when_it_names_one_and_passed_over_when_not(
    tmp_path: Path, peers: Make, side: str
) -> None:
    with bridge(tmp_path, peers) as call:
        answer = call.ask(side, "INVITE", names(call.picked_up), sdp="sendrecv").expect("SIP/2.0 4")
        assert answer.line == "SIP/2.0 403 Forbidden"
        asks = call.ask(side, "INVITE", MALFORMED[0], sdp="sendrecv")
        asks.acknowledge(asks.expect("SIP/2.0 200"))
        assert call.still_talks()
        call.ends_well()
