"""REFER on the wire: from either side, refused, failing, from a telephone that does not wait (RFC 3515, RFC 4488)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import AFTER, MAIN, dial, sip
from tests.signaling.peer import Caller, Make, Message, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.task import Task, action, called, task_running
from tests.waiting import wait_until

REFER = "http://app.example/refer"
CAROL_TONE = 1300.0
TAKES = f'referUrl="{REFER}" action="{AFTER}"'
TARGET = "Refer-To: <sip:carol@example.net>"


def documents(callee: Peer, carol: Peer, attributes: str = TAKES) -> dict[str, str]:
    return {MAIN: dial(sip(callee), attributes=attributes), REFER: dial(sip(carol)), AFTER: "<Response/>"}


def answered(callee: Peer) -> Message:
    """The INVITE to a callee who took the call."""
    invite = callee.expect("INVITE")
    callee.answer(invite)
    callee.expect("ACK")
    return invite


def talking(peers: Make, task: Task, callee: Peer) -> tuple[Caller, Message]:
    """A caller and the INVITE of the callee to whom he is bridged."""
    caller = called(peers, task)
    invite = answered(callee)
    wait_until(lambda: task.events("bridged"))
    return caller, invite


def result(notify: Message) -> str:
    """The status line of a final NOTIFY, which must be one by RFC 3515 §2.4.4."""
    assert notify.header("event").startswith("refer")
    assert notify.header("subscription-state") == "terminated;reason=noresource"
    assert notify.header("content-type").startswith("message/sipfrag")
    return notify.body.strip()


def notified(peer: Peer) -> str:
    """What the transferor is told in the end, after the 202 and the first NOTIFY."""
    peer.expect("SIP/2.0 202")
    first = peer.expect("NOTIFY")
    assert first.body == "SIP/2.0 100 Trying\r\n"
    assert first.header("subscription-state").startswith("active")
    return result(peer.expect("NOTIFY"))


def asked(task: Task) -> dict[str, str]:
    """The parameters of the one request to referUrl."""
    wait_until(lambda: [command for command in task.entries("command", "fetch") if command["url"] == REFER])
    [request] = [command for command in task.entries("command", "fetch") if command["url"] == REFER]
    parameters: dict[str, str] = request["parameters"]
    return parameters


def test_callee_transfers_the_caller_who_then_talks_to_the_target(tmp_path: Path, peers: Make) -> None:
    ear, bob_ear, carol_ear = (peers(Telephone, tone) for tone in (CALLER_TONE, CALLEE_TONE, CAROL_TONE))
    bob, carol = peers(Peer, bob_ear.port), peers(Peer, carol_ear.port)
    with task_running(tmp_path, documents(bob, carol)) as task:
        caller = called(peers, task, ear.port)
        invite = answered(bob)
        wait_until(lambda: ear.hears(CALLEE_TONE))
        bob.request("REFER", invite, TARGET, "Referred-By: <sip:bob@example.com>")
        assert notified(bob) == "SIP/2.0 200 OK"
        bob.expect("BYE")
        assert asked(task)["ReferTransferTarget"] == "sip:carol@example.net"
        assert asked(task)["ReferredBy"] == "sip:bob@example.com"
        assert asked(task)["Direction"] == "inbound"
        answered(carol)
        wait_until(lambda: ear.hears(CAROL_TONE) and carol_ear.hears(CALLER_TONE))
        assert action(task)["DialCallStatus"] == "completed"
        caller.hang_up()
        carol.expect("BYE")
        task.wait_idle()


def test_caller_transfers_the_callee_who_then_talks_to_the_target(tmp_path: Path, peers: Make) -> None:
    ear, bob_ear, carol_ear = (peers(Telephone, tone) for tone in (CALLER_TONE, CALLEE_TONE, CAROL_TONE))
    bob, carol = peers(Peer, bob_ear.port), peers(Peer, carol_ear.port)
    with task_running(tmp_path, documents(bob, carol)) as task:
        caller = called(peers, task, ear.port)
        invite = answered(bob)
        wait_until(lambda: ear.hears(CALLEE_TONE))
        caller.refer(TARGET)
        assert notified(caller) == "SIP/2.0 200 OK"
        caller.expect("BYE")
        assert asked(task)["Direction"] == "outbound-dial"
        second = answered(carol)
        assert second.header("x-callapi-parentcallsid") == invite.header("x-callapi-callsid")
        wait_until(lambda: bob_ear.hears(CAROL_TONE) and carol_ear.hears(CALLEE_TONE))
        assert bob.count("BYE") == 0
        bob.request("BYE", invite)
        carol.expect("BYE")
        task.wait_idle()


def test_transferor_who_hangs_up_at_once_has_the_caller_transferred_all_the_same(
    tmp_path: Path, peers: Make
) -> None:
    bob, carol = peers(Peer), peers(Peer)
    with task_running(tmp_path, documents(bob, carol)) as task:
        caller, invite = talking(peers, task, bob)
        bob.request("REFER", invite, TARGET)
        bob.expect("SIP/2.0 202")
        bob.request("BYE", invite)
        answered(carol)
        assert caller.count("BYE") == 0
        caller.hang_up()
        task.wait_idle()


def test_caller_who_refers_and_hangs_up_at_once_has_the_callee_transferred(
    tmp_path: Path, peers: Make
) -> None:
    bob, carol = peers(Peer), peers(Peer)
    with task_running(tmp_path, documents(bob, carol)) as task:
        caller, _ = talking(peers, task, bob)
        caller.refer(TARGET)
        caller.expect("SIP/2.0 202")
        caller.hang_up()
        answered(carol)
        assert bob.count("BYE") == 0


def test_refer_that_the_application_does_not_answer_leaves_the_two_talking(
    tmp_path: Path, peers: Make
) -> None:
    ear, bob_ear = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    bob = peers(Peer, bob_ear.port)
    without = {MAIN: dial(sip(bob), attributes=TAKES), AFTER: "<Response/>"}
    with task_running(tmp_path, without) as task:
        caller = called(peers, task, ear.port)
        invite = answered(bob)
        wait_until(lambda: ear.hears(CALLEE_TONE))
        for number in range(2):
            bob.request("REFER", invite, TARGET)
            bob.expect("SIP/2.0 202")
            last = [bob.expect("NOTIFY") for _ in range(2)][-1]
            assert result(last) == "SIP/2.0 503 Service Unavailable"
            # RFC 3515 §2.4.6: of the second REFER in a dialog on, the id names it.
            assert (";id=" in last.header("event")) == (number == 1)
        assert ear.hears(CALLEE_TONE)
        assert caller.count("BYE") == bob.count("BYE") == 0
        caller.hang_up()
        bob.expect("BYE")
        task.wait_idle()


def test_transferor_who_wants_no_notify_gets_none(tmp_path: Path, peers: Make) -> None:
    bob, carol = peers(Peer), peers(Peer)
    with task_running(tmp_path, documents(bob, carol)) as task:
        _, invite = talking(peers, task, bob)
        bob.request("REFER", invite, TARGET, "Refer-Sub: false")
        assert bob.expect("SIP/2.0 202").header("refer-sub") == "false"
        answered(carol)
        bob.expect("BYE")
        assert bob.count("NOTIFY") == 0


@pytest.mark.parametrize(
    ("attributes", "lines", "response"),
    [
        (f'action="{AFTER}"', [TARGET], "603"),
        (TAKES, [], "400"),
        (TAKES, ["Refer-To: <mailto:carol@example.net>"], "400"),
        (TAKES, [f"Refer-To: <sip:{'c' * 1100}@example.net>"], "400"),
        (TAKES, ["Refer-To: <sip:carol@example.net;method=BYE>"], "501"),
        (TAKES, ["Refer-To: <sip:carol@example.net?Replaces=1%40a%3Bto-tag%3D2%3Bfrom-tag%3D3>"], "501"),
    ],
)
def test_refused_refer_leaves_the_two_talking_and_the_task_ends_well(
    tmp_path: Path, peers: Make, attributes: str, lines: list[str], response: str
) -> None:
    bob, carol = peers(Peer), peers(Peer)
    with task_running(tmp_path, documents(bob, carol, attributes)) as task:
        caller, invite = talking(peers, task, bob)
        bob.request("REFER", invite, *lines)
        bob.expect(f"SIP/2.0 {response}")
        assert caller.count("BYE") == bob.count("BYE") == bob.count("NOTIFY") == 0
        caller.hang_up()
        bob.expect("BYE")
        task.wait_idle()
    assert task.process.returncode == 0


def test_refer_before_the_bridge_is_declined(tmp_path: Path, peers: Make) -> None:
    bob, carol = peers(Peer), peers(Peer)
    screened = 'url="http://app.example/screen"'
    pages = documents(bob, carol) | {
        MAIN: dial(sip(bob, screened), attributes=TAKES),
        "http://app.example/screen": '<Response><Pause length="20"/></Response>',
    }
    with task_running(tmp_path, pages) as task:
        caller = called(peers, task)
        invite = answered(bob)
        bob.request("REFER", invite, TARGET)
        bob.expect("SIP/2.0 603")
        caller.hang_up()
        task.wait_idle()


def test_callee_who_was_transferred_and_sends_no_rtp_is_hung_up(tmp_path: Path, peers: Make) -> None:
    bob, carol = peers(Peer), peers(Peer)
    pages = documents(bob, carol) | {REFER: '<Response><Pause length="600"/></Response>'}
    with task_running(tmp_path, pages, MEDIA_TIMEOUT_SECONDS="4") as task:
        caller, _ = talking(peers, task, bob)
        caller.refer(TARGET)
        caller.expect("BYE")
        assert "no RTP" in bob.expect("BYE", 20).header("reason")
        task.wait_idle()
