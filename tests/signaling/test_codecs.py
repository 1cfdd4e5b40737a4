"""A callee of another codec than the caller's: both hear each other, transcoded by the task."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.peer import Make, Peer
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, PCMA, Telephone
from tests.signaling.sipp import Start, talks
from tests.signaling.softphone import softphone
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

TONE = 600.0


@pytest.mark.parametrize(
    ("codec", "name"), [("opus", "opus"), ("G722", "G722"), ("PCMA", "PCMA"), ("PCMU", "PCMU")]
)
def test_caller_of_pcmu_hears_his_tone_come_back_from_a_callee_of(
    tmp_path: Path, sipp: Start, codec: str, name: str
) -> None:
    caller = Telephone(TONE)
    try:
        with softphone("udp", codec=codec) as phone:
            document = dial(f"sip:bob@127.0.0.1:{phone.port}", attributes='answerOnBridge="true"')
            with task_running(tmp_path, {MAIN: document}) as task:
                assert talks(sipp, task, lambda: caller.hears(TONE), media=caller.port)
                assert phone.of("codec") == [name]
                task.wait_idle()
    finally:
        caller.close()


def test_callee_who_changes_his_codec_by_reinvite_is_heard_and_hears(tmp_path: Path, peers: Make) -> None:
    ear, mouth = peers(Telephone, CALLER_TONE), peers(Telephone, CALLEE_TONE)
    callee = peers(Peer, mouth.port)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task, ear.port)
        invite = callee.expect("INVITE")
        callee.answer(invite)
        wait_until(lambda: ear.hears(CALLEE_TONE) and mouth.hears(CALLER_TONE))
        callee.codecs = "8 121"
        callee.request("INVITE", invite, sdp="sendrecv")
        answer = callee.expect("SIP/2.0 200")
        callee.acknowledge(answer)
        assert "RTP/AVP 8" in answer.body
        mouth.codec = PCMA
        heard = mouth.heard_seconds()
        wait_until(lambda: mouth.heard_seconds() > heard + 1 and mouth.hears(CALLER_TONE))
        assert ear.hears(CALLEE_TONE)
