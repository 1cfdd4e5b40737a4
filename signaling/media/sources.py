"""What the sounds of a session are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..engine.loop import Loop


@dataclass(frozen=True)
class SoundSources:
    """``loop`` is that of the session.  The others block, and return the path of a WAV file.

    ``speak``: a text, a voice, a language.  ``download``: a URL; raises DownloadError.
    """

    loop: Loop
    speak: Callable[[str, str, str], str]
    download: Callable[[str], str]
