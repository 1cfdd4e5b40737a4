"""<Play> of a URL, against web servers that answer as badly as they like."""

from __future__ import annotations

import io
import time
import wave
from pathlib import Path

import pytest

from chalicelib.webhooks.guard import AddressGuard
from signaling.media import downloads as audio
from signaling.media.downloads import DownloadError, Downloads
from signaling.media.file_cache import Files
from tests.webhooks.servers import (
    Answer,
    answer,
    application,
    closed_port,
    drip,
    drip_headers,
    raw,
    silent,
)

ALLOWED = AddressGuard("127.0.0.0/8")


def sound(seconds: float = 0.1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(b"\1\2" * int(8000 * seconds))
    return file.getvalue()


WAV = sound()


def failure(folder: Path, *answers: Answer, guard: AddressGuard = ALLOWED) -> int:
    with application(*answers) as server, pytest.raises(DownloadError) as failed:
        Downloads(folder, guard).get(server.url("/hello.wav"))
    assert list(folder.iterdir()) == []
    return failed.value.code


def test_sound_is_downloaded_whole_and_asked_for_once(tmp_path: Path) -> None:
    with application(answer(200, WAV, "audio/wav")) as server:
        downloads = Downloads(tmp_path, ALLOWED)
        path = downloads.get(server.url("/hello.wav?a=1#t=2"))
        assert downloads.get(server.url("/hello.wav?a=1#t=2")) == path
    assert Path(path).read_bytes() == WAV
    assert [seen.target for seen in server.requests] == ["/hello.wav?a=1"]


def test_changed_sound_is_heard_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "KEPT_SECONDS", 0.0)
    with application(answer(200, WAV), answer(200, sound(0.2))) as server:
        downloads = Downloads(tmp_path, ALLOWED)
        assert Path(downloads.get(server.url())).read_bytes() == WAV
        assert Path(downloads.get(server.url())).read_bytes() == sound(0.2)


def test_redirects_are_followed_five_times(tmp_path: Path) -> None:
    hops = [answer(302, Location=f"/{number}.wav") for number in range(5)]
    with application(*hops, answer(200, WAV)) as server:
        assert Path(Downloads(tmp_path, ALLOWED).get(server.url())).read_bytes() == WAV
    (tmp_path / "empty").mkdir()
    assert failure(tmp_path / "empty", answer(302, Location="/again")) == 11215


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "0.0.0.0"])
def test_address_that_is_not_public_is_refused_and_never_asked(tmp_path: Path, address: str) -> None:
    with application(answer(200, WAV)) as server, pytest.raises(DownloadError) as failed:
        Downloads(tmp_path, AddressGuard("")).get(f"http://{address}:{server.port}/")
    assert failed.value.code == 11210
    assert server.requests == []


def test_redirect_to_a_refused_address_is_refused(tmp_path: Path) -> None:
    only_this_one = AddressGuard("127.0.0.1")
    with application(answer(200, WAV)) as inner:
        away = answer(302, Location=f"http://127.0.0.2:{inner.port}/secret.wav")
        assert failure(tmp_path, away, guard=only_this_one) == 11210
    assert inner.requests == []


@pytest.mark.parametrize("slow", [drip, drip_headers, silent])
def test_slow_server_does_not_keep_the_thread(
    tmp_path: Path, slow: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "TOTAL_SECONDS", 0.6)
    start = time.monotonic()
    assert failure(tmp_path, slow) == 11203
    assert time.monotonic() - start < 4


def test_sound_of_more_than_ten_megabytes_is_not_taken(tmp_path: Path) -> None:
    endless = raw(b"HTTP/1.1 200 OK\r\n\r\n" + WAV + b"\0" * (11 * 1024 * 1024))
    assert failure(tmp_path, endless) == 11750


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (answer(200, b"<html>not found, but 200</html>", "text/html"), 13420),
        (answer(200, b"ID3\x04 an MP3", "audio/mpeg"), 13420),
        (answer(200, b""), 13420),
        (answer(404, WAV), 11217),
        (answer(500), 11217),
        (answer(302), 11217),
        (answer(302, Location="file:///etc/passwd"), 11210),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nRIFF"), 11205),
        (raw(b"SSH-2.0-OpenSSH\r\n\r\n"), 11206),
    ],
)
def test_answer_that_is_no_sound_is_an_error_of_the_catalogue(
    tmp_path: Path, behaviour: Answer, code: int
) -> None:
    assert failure(tmp_path, behaviour) == code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:{closed}/", 11202),
        ("ftp://127.0.0.1/hello.wav", 11210),
        ("http://[/", 11210),
        ("/hello.wav", 11210),
        ("http://no-such-name.invalid/", 11205),
    ],
)
def test_url_that_leads_nowhere_is_an_error_of_the_catalogue(tmp_path: Path, url: str, code: int) -> None:
    with pytest.raises(DownloadError) as failed:
        Downloads(tmp_path, ALLOWED).get(url.format(closed=closed_port()))
    assert failed.value.code == code


def test_folder_is_kept_within_its_limit_and_what_was_used_last_stays(tmp_path: Path) -> None:
    made: list[int] = []

    def make(path: Path) -> None:
        made.append(path.write_bytes(b"x" * 100))

    files = Files(tmp_path, 60, limit=250)
    for name in ("one", "two", "one", "three"):
        files.get(name, make)
    assert len(made) == 3
    files.get("one", make)
    assert len(made) == 3
    files.get("two", make)
    assert len(made) == 4
    assert len(list(tmp_path.iterdir())) == 2
