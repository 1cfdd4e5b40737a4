"""A recorded Dial on the whole platform: from the tones of two telephones to the WAV that the REST API leads to."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from callapi.emulator import Cloud
from callapi.platform import signaling_task
from tests.http_server import Handler, http_server
from tests.platform.lossy_proxy import passed_on
from tests.platform.scene import HANG_UP, Caller, Scene, document, element, port_of
from tests.signaling.rtp import CALLEE_TONE, CALLER_TONE, Telephone
from tests.signaling.sipp import Sipp
from tests.signaling.wav import channels, longest_gap, seconds_of
from tests.waiting import PATIENCE, wait_until
from tests.webhooks.servers import application

TAKES = 5
LATE = 0.1  # s


@pytest.fixture
def telephones() -> Iterator[tuple[Telephone, Telephone]]:
    both = Telephone(CALLER_TONE), Telephone(CALLEE_TONE)
    yield both
    for telephone in both:
        telephone.close()


def fetched(scene: Scene, url: str, token: str = "") -> bytes:
    """What is at ``url`` for the account, links followed; the credentials go to the API only, as in a browser."""
    ready = scene.local.running.ready
    basic = base64.b64encode(f"{ready.account_sid}:{token or ready.auth_token}".encode()).decode()
    request = urllib.request.Request(url)
    request.add_unredirected_header("Authorization", f"Basic {basic}")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        body: bytes = answer.read()
    return body


def status(scene: Scene, url: str, token: str = "") -> int:
    try:
        fetched(scene, url, token)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


class Alice(Caller):
    """A caller with a telephone."""

    def __init__(self, folder: Path, port: int, domain: str, media: int) -> None:
        Sipp.__init__(self, folder, "caller_leaves_when_told", port, domain=domain, media=media)


def talk(
    scene: Scene, folder: Path, telephones: tuple[Telephone, Telephone], port: int, domain: str
) -> dict[str, str]:
    """A call through the task at ``port`` until the caller hangs up; what its action request said."""
    alice, bob = telephones
    callee = Sipp(folder, "callee", media=bob.port)
    noun = element("Sip", f"sip:bob@127.0.0.1:{callee.port}")
    with application(HANG_UP) as action:
        dial = element("Dial", noun, record="record-from-answer-dual", action=action.url())
        with application(document(dial)) as server:
            scene.serve(domain, server.url())
            caller = Alice(folder, port, domain, alice.port)
            try:
                wait_until(lambda: bob.hears(CALLER_TONE, 1.0) and alice.hears(CALLEE_TONE, 1.0))
                caller.tell()
                assert (caller.wait(), callee.wait()) == (0, 0)
                wait_until(lambda: action.requests)
            finally:
                caller.stop()
                callee.stop()
    return action.requests[0].form


def talk_in_time(
    scene: Scene, folder: Path, telephones: tuple[Telephone, Telephone], port: int
) -> dict[str, str]:
    """``talk``, again when this machine was so busy that a telephone was late with its sound."""
    for take in range(TAKES):
        for telephone in telephones:
            telephone.late = 0.0
        said = talk(scene, folder, telephones, port, f"recorded{take}.example")
        if max(telephone.late for telephone in telephones) < LATE:
            break
    return said


def test_recording_is_fetched_with_the_accounts_credentials(
    scene: Scene, tmp_path: Path, telephones: tuple[Telephone, Telephone]
) -> None:
    said = talk_in_time(scene, tmp_path, telephones, scene.sip_port)
    url = said["RecordingUrl"]
    wait_until(lambda: status(scene, url) == 200)
    file = tmp_path / "fetched.wav"
    file.write_bytes(fetched(scene, url))
    left, right = channels(file)
    assert abs(len(left) / 8000 - float(said["RecordingDuration"])) <= 1.1
    for own, other, side in ((CALLER_TONE, CALLEE_TONE, left), (CALLEE_TONE, CALLER_TONE, right)):
        assert seconds_of(side, own) > 0.8
        assert longest_gap(side, own) <= 0.05 + max(telephone.late for telephone in telephones)
        assert seconds_of(side, other) == 0
    assert status(scene, url, "wrong") == 401
    missing = url.replace(said["RecordingSid"], "RE" + "0" * 32)
    assert status(scene, missing) == 404
    resource = json.loads(fetched(scene, url.replace(".wav", ".json")))
    assert resource["sid"] == said["RecordingSid"]
    with urllib.request.urlopen(resource["media_url"], timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"] == "audio/wav"
        assert answer.read() == file.read_bytes()


@dataclass
class Way:
    """Leads to the cloud at ``endpoint``; until it is ``open``, what is put into S3 is refused with 503."""

    endpoint: str
    open: threading.Event
    refused: list[str]


@contextmanager
def way_without_s3(cloud: str) -> Iterator[Way]:
    class WithoutS3(Handler):
        def respond(self, body: bytes) -> None:
            if way.open.is_set():
                answer, content = passed_on(cloud, self.command, self.path, body, self.headers)
                self.answer(answer.status, content)
            else:
                way.refused.append(self.path)
                self.answer(503, b"")

    with http_server(WithoutS3) as endpoint:
        way = Way(endpoint, threading.Event(), [])
        yield way


@dataclass(frozen=True)
class Elsewhere(Cloud):
    """A cloud whose S3 is at another endpoint."""

    s3: str

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "AWS_ENDPOINT_URL_S3": self.s3}


def test_recording_arrives_when_s3_is_there_again_and_the_action_did_not_wait(
    scene: Scene, tmp_path: Path, telephones: tuple[Telephone, Telephone]
) -> None:
    own = tmp_path / "task"
    own.mkdir()
    with way_without_s3(scene.local.cloud.endpoint) as way:
        cloud = Elsewhere(scene.local.cloud.endpoint, way.endpoint)
        with signaling_task(cloud, scene.local.stack, own) as (sip_uri, _):
            said = talk(scene, tmp_path, telephones, port_of(sip_uri), "outage.example")
            url = said["RecordingUrl"]
            wait_until(lambda: len(way.refused) > 1)
            assert status(scene, url) == 404
            way.open.set()
            wait_until(lambda: status(scene, url) == 200)
    file = tmp_path / "fetched.wav"
    file.write_bytes(fetched(scene, url))
    assert seconds_of(channels(file)[0], CALLER_TONE) > 0.8


def test_task_that_stops_while_s3_is_away_waits_for_it(
    scene: Scene, tmp_path: Path, telephones: tuple[Telephone, Telephone]
) -> None:
    own = tmp_path / "task"
    own.mkdir()
    with way_without_s3(scene.local.cloud.endpoint) as way:
        cloud = Elsewhere(scene.local.cloud.endpoint, way.endpoint)
        with signaling_task(cloud, scene.local.stack, own) as (sip_uri, task):
            said = talk(scene, tmp_path, telephones, port_of(sip_uri), "stopping.example")
            wait_until(lambda: way.refused)
            os.kill(task.pid, signal.SIGTERM)
            tries = len(way.refused)
            wait_until(lambda: len(way.refused) >= tries + 2)
            way.open.set()
            wait_until(lambda: status(scene, said["RecordingUrl"]) == 200)
            wait_until(lambda: not task.running)
