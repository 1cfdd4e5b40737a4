"""What the speech engines are asked, and what comes of it: espeak-ng itself, and Polly's API over HTTP."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.polly.resources import VOICE_DATA

from chalicelib import rcml
from signaling.media.speech import Speech, SpeechError, Synthesize, espeak, polly
from signaling.media.voices import STANDARD, VOICES
from tests.webhooks.servers import Application, answer, application

PCM = b"\1\2" * 1600  # a tenth of a second
BY_ID = {voice["Id"]: voice for voice in VOICE_DATA}
LANGUAGE_CODES = {"ar": "ar-AE", "bf": "fr-BE", "bp": "pt-BR", "cf": "fr-CA", "dan": "da-DK", "no": "nb-NO"}


def client(url: str | None = None) -> Any:
    return boto3.client(
        "polly",
        region_name="eu-central-1",
        endpoint_url=url,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


@pytest.fixture
def service() -> Iterator[Application]:
    with application(answer(200, PCM, "audio/pcm")) as server:
        yield server


def spoken(
    service: Application, path: Path, text: str, voice: str = "man", language: str = "en"
) -> list[Any]:
    polly(client(service.url("")))(text, voice, language, path)
    return [json.loads(seen.body) for seen in service.requests]


def test_polly_is_asked_for_sound_as_the_bridge_takes_it(service: Application, tmp_path: Path) -> None:
    (asked,) = spoken(service, tmp_path / "a", "Grüß Gott & <willkommen>", "woman", "de")
    assert service.requests[0].target == "/v1/speech"
    assert asked == {
        "Text": "Grüß Gott & <willkommen>", "VoiceId": "Vicki", "Engine": "neural", "OutputFormat": "pcm",
        "SampleRate": "16000",
    }  # fmt: skip
    with wave.open(str(tmp_path / "a")) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16000)
        assert sound.readframes(9999) == PCM


def test_text_longer_than_polly_takes_is_spoken_in_pieces_between_words(
    service: Application, tmp_path: Path
) -> None:
    text = "word " * 800
    asked = spoken(service, tmp_path / "a", text)
    assert [len(each["Text"]) <= 3000 for each in asked] == [True, True]
    assert " ".join(each["Text"] for each in asked) == text.strip()
    with wave.open(str(tmp_path / "a")) as sound:
        assert sound.getnframes() == 2 * 1600


@pytest.mark.parametrize("voice", ["man", "woman"])
@pytest.mark.parametrize("language", sorted(set(VOICES) - {"el"}))
def test_every_language_has_a_voice_that_polly_knows(
    service: Application, tmp_path: Path, language: str, voice: str
) -> None:
    (asked,) = spoken(service, tmp_path / "a", "x", voice, language)
    known = BY_ID[asked["VoiceId"]]
    assert asked["Engine"] in known["SupportedEngines"]
    expected = LANGUAGE_CODES.get(language, "en-US" if language == "en" else language)
    assert known["LanguageCode"].lower().startswith(expected.lower())
    others = {each["Gender"] for each in VOICE_DATA if each["LanguageCode"] == known["LanguageCode"]}
    wanted = "Male" if voice == "man" else "Female"
    assert known["Gender"] == wanted or wanted not in others


def test_languages_are_those_of_say() -> None:
    for language in VOICES:
        assert rcml.parse(f'<Response><Say language="{language}">x</Say></Response>').problems == ()
    assert {name for voices in VOICES.values() for name in voices} >= STANDARD


def test_language_that_polly_does_not_speak_is_an_error_not_gibberish(
    service: Application, tmp_path: Path
) -> None:
    with pytest.raises(SpeechError):
        spoken(service, tmp_path / "a", "καλημέρα", "man", "el")
    assert service.requests == []


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_to_say_is_an_error(service: Application, tmp_path: Path, text: str) -> None:
    with pytest.raises(SpeechError):
        spoken(service, tmp_path / "a", text)
    assert not (tmp_path / "a").exists()


def test_polly_that_refuses_leaves_no_file_and_is_asked_again(tmp_path: Path) -> None:
    refused = answer(400, b"{}", "application/json", X_Amzn_ErrorType="TextLengthExceededException")
    with application(refused, answer(200, PCM, "audio/pcm")) as server:
        speech = Speech(polly(client(server.url(""))), tmp_path)
        with pytest.raises(ClientError, match="TextLengthExceeded"):
            speech.speak("hello", "man", "en")
        assert list(tmp_path.iterdir()) == []
        assert Path(speech.speak("hello", "man", "en")).exists()


def test_same_text_is_spoken_once_and_another_voice_anew(service: Application, tmp_path: Path) -> None:
    speech = Speech(polly(client(service.url(""))), tmp_path)
    assert speech.speak("hello", "man", "en") == speech.speak("hello", "man", "en")
    assert speech.speak("hello", "woman", "en") != speech.speak("hello", "man", "en")
    assert len(service.requests) == 2


def test_what_polly_is_asked_passes_for_an_emulated_one(tmp_path: Path) -> None:
    with mock_aws():
        polly(client())("hello", "woman", "en-gb", tmp_path / "a")
    assert (tmp_path / "a").exists()


@pytest.mark.parametrize("language", sorted(VOICES))
def test_espeak_speaks_every_language(tmp_path: Path, language: str) -> None:
    espeak("one two", "woman", language, tmp_path / "a")
    with wave.open(str(tmp_path / "a")) as sound:
        assert sound.getnframes() > sound.getframerate() / 5


def test_text_is_never_read_as_an_option(tmp_path: Path) -> None:
    target = tmp_path / "stolen"
    engines: tuple[Synthesize, ...] = (espeak,)
    for engine in engines:
        engine(f"-w {target} --path=/etc", "man", "en", tmp_path / "a")
    assert not target.exists()
    assert (tmp_path / "a").exists()
