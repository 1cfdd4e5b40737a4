"""``;secure=true`` against a second stack: SRTP (RFC 4568), or no call."""

from __future__ import annotations

from pathlib import Path

from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Start, talks
from tests.signaling.softphone import dialled_by_name, softphone
from tests.signaling.task import task_running


def test_secure_call_over_tls_has_encrypted_media(tmp_path: Path, sipp: Start) -> None:
    with dialled_by_name(tmp_path, "tls", "srtp", parameters="secure=true") as (phone, task):
        assert talks(sipp, task, lambda: phone.of("heard"))
        task.wait_idle()
        assert len(task.events("bridged")) == 1
        [invite] = phone.of("invite")
    assert "SIP/2.0/TLS" in invite
    assert "RTP/SAVP" in invite
    assert "a=crypto:" in invite
    assert "m=audio" in invite
    assert "RTP/AVP " not in invite


def test_named_transport_is_kept_and_the_media_are_encrypted(tmp_path: Path, sipp: Start) -> None:
    with (
        softphone("udp", "srtp") as phone,
        task_running(
            tmp_path, {MAIN: dial(f"sip:bob@127.0.0.1:{phone.port};transport=udp;secure=true")}
        ) as task,
    ):
        assert talks(sipp, task)
        task.wait_idle()
        assert len(task.events("bridged")) == 1
        [invite] = phone.of("invite")
    assert "RTP/SAVP" in invite


def test_callee_without_encryption_gets_no_plain_media(tmp_path: Path, sipp: Start) -> None:
    with (
        softphone("udp", "none") as phone,
        task_running(
            tmp_path, {MAIN: dial(f"sip:bob@127.0.0.1:{phone.port};transport=udp;secure=true")}
        ) as task,
    ):
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert task.events("bridged") == []
        assert [event["code"] for event in task.events("ended") if event.get("code")] == [488]
