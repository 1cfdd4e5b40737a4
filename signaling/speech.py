"""Text to a WAV file, off the loop, once per text: Amazon Polly, or espeak-ng where there is no AWS."""

from __future__ import annotations

import hashlib
import os
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

RATE = 16000  # Hz, of Polly's PCM
SECONDS = 30
MAX_TEXT = 4096
Synthesize = Callable[[str, str, str, Path], None]


class SpeechError(Exception):
    """Nothing was spoken."""


class Speech:
    """The files of ``folder`` are named after what is said, so a text is spoken by the engine once."""

    def __init__(self, synthesize: Synthesize, folder: Path) -> None:
        self._synthesize = synthesize
        self._folder = folder

    def speak(self, text: str, voice: str, language: str) -> str:
        """The path of the WAV.  Blocks; raises SpeechError."""
        name = hashlib.sha256(f"{text}\0{voice}\0{language}".encode()).hexdigest()
        path = self._folder / f"{name}.wav"
        if not path.exists():
            part = path.with_suffix(f".{os.urandom(4).hex()}")
            self._synthesize(text[:MAX_TEXT], voice, language, part)
            part.rename(path)
        return str(path)


def espeak(text: str, voice: str, language: str, path: Path) -> None:
    """The text goes by standard input: it is a stranger's and must not be read as an option."""
    variant = "+f3" if voice == "woman" else ""
    for spoken in (language, "en"):
        command = ["espeak-ng", "-v", f"{_word(spoken)}{variant}", "-w", str(path), "--stdin"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=SECONDS, check=False)
        if done.returncode == 0 and path.exists():
            return
    raise SpeechError("espeak-ng")


def _word(language: str) -> str:
    return (
        "".join(character for character in language.lower() if character.isalnum() or character == "-")
        or "en"
    )


def polly(client: Any) -> Synthesize:
    """Neural voices of Amazon Polly, as 16 kHz PCM."""

    def synthesize(text: str, voice: str, language: str, path: Path) -> None:
        answer = client.synthesize_speech(
            Text=text, VoiceId=_polly_voice(voice), OutputFormat="pcm", SampleRate=str(RATE), Engine="neural"
        )
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(answer["AudioStream"].read())

    return synthesize


def _polly_voice(voice: str) -> str:
    return {"man": "Matthew", "woman": "Joanna"}.get(voice.lower(), voice)
