"""The attributes of Dial and Sip as the peers see, hear and count them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.peer import Make, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.sound_server import sounds_served
from tests.signaling.task import called, task_running
from tests.signaling.wav import sound
from tests.waiting import wait_until

MUSIC = 1400.0


# -- who is called, and when
def test_sequential_rings_the_next_callee_when_the_first_is_busy_and_not_before(
    tmp_path: Path, peers: Make
) -> None:
    first, second = peers(Peer), peers(Peer)
    with task_running(
        tmp_path, {MAIN: dial(sip(first), sip(second), attributes='sequential="true"')}
    ) as task:
        called(peers, task)
        invite = first.expect("INVITE")
        first.reply(invite, "180 Ringing")
        wait_until(lambda: task.events("provisional"))
        assert second.count("INVITE") == 0
        first.reply(invite, "486 Busy Here")
        second.answer(second.expect("INVITE"))
        second.expect("ACK")
        wait_until(lambda: task.events("bridged"))
        assert first.count("CANCEL") == 0


def test_lower_priority_rings_first(tmp_path: Path, peers: Make) -> None:
    spare, first = peers(Peer), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(spare, 'priority="2"'), sip(first, 'priority="1"'))}) as task:
        called(peers, task)
        invite = first.expect("INVITE")
        assert spare.count("INVITE") == 0
        first.reply(invite, "503 Service Unavailable")
        spare.expect("INVITE")


def test_delayed_leg_is_invited_after_its_delay(tmp_path: Path, peers: Make) -> None:
    first, second = peers(Peer), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(first), sip(second, 'delay="1"'))}) as task:
        called(peers, task)
        first.reply(first.expect("INVITE"), "180 Ringing")
        second.expect("INVITE")
        wait_until(lambda: len(task.events("invited")) == 2)
        sooner, later = (event["at"] for event in task.events("invited"))
        assert 0.8 < later - sooner < 3


def test_leg_that_rang_for_its_own_timeout_is_cancelled_and_the_other_rings_on(
    tmp_path: Path, peers: Make
) -> None:
    short, long = peers(Peer), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(short, 'timeout="1"'), sip(long))}) as task:
        called(peers, task)
        invite, other = short.expect("INVITE"), long.expect("INVITE")
        for peer, request in ((short, invite), (long, other)):
            peer.reply(request, "180 Ringing")
        short.expect("CANCEL", 15)
        wait_until(lambda: len(task.events("ended")) == 1)
        assert long.count("CANCEL") == 0
        long.answer(other)
        long.expect("ACK")


def test_text_with_an_at_sign_instead_of_a_noun_is_dialled_as_sip(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: f"<Response><Dial>\n  {callee.uri}\n</Dial></Response>"}) as task:
        called(peers, task)
        assert callee.expect("INVITE").line == f"INVITE {callee.uri} SIP/2.0"


@pytest.mark.parametrize(
    ("attribute", "sender"),
    [
        ('callerId="+4420"', "<sip:+4420@127.0.0.1>"),
        ('callerId="sip:desk@example.net"', "<sip:desk@example.net>"),
        ("callerId='\"Front desk\" &lt;sip:desk@example.net>'", '"Front desk" <sip:desk@example.net>'),
    ],
)
def test_caller_id_is_the_from_of_the_invite(
    tmp_path: Path, peers: Make, attribute: str, sender: str
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes=attribute)}) as task:
        called(peers, task)
        assert callee.expect("INVITE").header("from").startswith(sender)


# -- how long
def test_time_limit_hangs_the_callee_up_and_the_document_goes_on(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes='timeLimit="1"')}) as task:
        caller = called(peers, task)
        callee.answer(callee.expect("INVITE"))
        wait_until(lambda: task.events("bridged"))
        started = time.monotonic()
        callee.expect("BYE")
        assert 0.5 < time.monotonic() - started < 4
        caller.expect("BYE")


# -- keys
def test_star_of_the_caller_hangs_the_callee_up_and_the_document_goes_on(tmp_path: Path, peers: Make) -> None:
    callee, ear = peers(Peer), peers(Telephone, CALLER_TONE)
    document = f'<Response><Dial hangupOnStar="true">{sip(callee)}</Dial><Pause length="1"/></Response>'
    with task_running(tmp_path, {MAIN: document}) as task:
        caller = called(peers, task, ear.port)
        callee.answer(callee.expect("INVITE"))
        wait_until(lambda: task.events("bridged") and ear.heard_seconds() > 0.2)
        ear.press("1")
        ear.press("*")
        callee.expect("BYE")
        assert caller.count("BYE") == 0
        caller.expect("BYE")
        assert len(task.events("starred")) == 1


def test_star_of_the_callee_ends_nothing_and_reaches_the_caller(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes='hangupOnStar="true"')}) as task:
        called(peers, task, ear.port)
        callee.answer(callee.expect("INVITE"))
        wait_until(lambda: task.events("bridged") and mouth.heard_seconds() > 0.2)
        mouth.press("*")
        wait_until(lambda: ear.digits == "*")
        assert task.events("starred") == []
        assert callee.count("BYE") == 0


def test_key_sent_as_info_reaches_gather(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: '<Response><Gather numDigits="2"/></Response>'}) as task:
        caller = called(peers, task)
        for digit in "57":
            caller.info("application/dtmf-relay", f"Signal={digit}\r\nDuration=160\r\n")
            caller.expect("SIP/2.0 200")
        wait_until(lambda: task.events("performed"))
        assert [event["digits"] for event in task.events("performed")] == ["57"]


def test_key_reaches_a_callee_without_rfc_4733_as_info(tmp_path: Path, peers: Make) -> None:
    ear, callee = peers(Telephone, CALLER_TONE), peers(Peer, telephone_event=False)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task, ear.port)
        callee.answer(callee.expect("INVITE"))
        wait_until(lambda: task.events("bridged") and ear.heard_seconds() > 0.2)
        ear.press("7")
        info = callee.expect("INFO")
        callee.reply(info, "200 OK")
        assert "Signal=7" in info.body.replace(" ", "")


# -- what the caller hears
@pytest.mark.parametrize(("country", "frequency"), [("de", 425), ("cn", 450), ("jp", 392)])
def test_ring_tone_is_that_of_the_country_until_the_bridge(
    tmp_path: Path, peers: Make, country: str, frequency: float
) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes=f'ringTone="{country}"')}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        wait_until(lambda: ear.hears(frequency, share=0.4))
        callee.answer(invite)
        wait_until(lambda: ear.hears(CALLEE_TONE))


@pytest.fixture
def music() -> Iterator[str]:
    """The URL of half a second of a sine."""
    with sounds_served(music=sound(0.5, MUSIC)) as url:
        yield f"{url}/music.wav"


def test_dial_music_is_heard_again_and_again_until_the_bridge(
    tmp_path: Path, peers: Make, music: str
) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes=f'dialMusic="{music}"')}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        wait_until(lambda: ear.hears(MUSIC))
        played = ear.heard_seconds()
        wait_until(lambda: ear.heard_seconds() > played + 1.5)
        assert ear.hears(MUSIC)
        callee.answer(invite)
        wait_until(lambda: ear.hears(CALLEE_TONE))


def test_music_that_cannot_be_had_leaves_the_ring_tone(tmp_path: Path, peers: Make) -> None:
    ear, callee = peers(Telephone, CALLER_TONE), peers(Peer)
    attributes = 'ringTone="cn" dialMusic="http://127.0.0.1:9/nothing.wav"'
    with task_running(tmp_path, {MAIN: dial(sip(callee), attributes=attributes)}) as task:
        called(peers, task, ear.port)
        callee.expect("INVITE")
        wait_until(lambda: ear.hears(450))
