"""Text to a WAV file, off the loop, once per text: Amazon Polly, or espeak-ng where there is no AWS."""

from __future__ import annotations

import subprocess
import textwrap
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .file_cache import Files
from .voices import STANDARD, VOICES, Voices

RATE = 16000  # Hz, of Polly's PCM
SECONDS = 30
MAX_TEXT = 4096
POLLY_TEXT = 3000  # characters in one request
KEPT_SECONDS = 86400.0
Synthesize = Callable[[str, str, str, Path], None]


class SpeechError(Exception):
    """Nothing was spoken."""


class Speech:
    """The files of ``folder`` are named after what is said, so a text is spoken by the engine once."""

    def __init__(self, synthesize: Synthesize, folder: Path) -> None:
        self._synthesize = synthesize
        self._files = Files(folder, KEPT_SECONDS)

    def speak(self, text: str, voice: str, language: str) -> str:
        """The path of the WAV.  Blocks; raises SpeechError, or what the engine raises."""
        return self._files.get(
            f"{text}\0{voice}\0{language}",
            lambda path: self._synthesize(text[:MAX_TEXT], voice, language, path),
        )


def espeak(text: str, voice: str, language: str, path: Path) -> None:
    """The text goes by standard input: it is a stranger's and must not be read as an option."""
    variant = "+f3" if voice == "woman" else ""
    command = ["espeak-ng", "-v", f"{_voices(language).espeak}{variant}", "-w", str(path), "--stdin"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0 or not path.exists():
        raise SpeechError("espeak-ng")


def polly(client: Any) -> Synthesize:
    """Amazon Polly, as 16 kHz PCM."""

    def synthesize(text: str, voice: str, language: str, path: Path) -> None:
        voices = _voices(language)
        name = voices.woman if voice == "woman" else voices.man
        if not name:
            raise SpeechError(f"Polly does not speak {language}")
        frames = b"".join(_spoken(client, part, name) for part in textwrap.wrap(text, POLLY_TEXT))
        if not frames:
            raise SpeechError("there is nothing to say")
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(frames)

    return synthesize


def _voices(language: str) -> Voices:
    """English for a language that <Say> does not have: RCML says so in a warning, not by silence."""
    return VOICES.get(language.lower(), VOICES["en"])


def _spoken(client: Any, text: str, name: str) -> bytes:
    answer = client.synthesize_speech(
        Text=text,
        VoiceId=name,
        OutputFormat="pcm",
        SampleRate=str(RATE),
        Engine="standard" if name in STANDARD else "neural",
    )
    with answer["AudioStream"] as stream:
        frames: bytes = stream.read()
    return frames
