"""One Say or Play on one leg: made or downloaded, then played as often as it is wanted.  It always ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalicelib.calls.commands import Play, Say
from chalicelib.catalogue import Code

from ..engine.loop import Timer
from ..engine.sounds import SoundError
from .bridge import NO_AUDIO_SECONDS, Playing
from .downloads import DownloadError
from .party import Party, SoundSources

FOR_EVER = 0
"""The ``loop`` of what goes on until the call ends."""


class PromptPlayer:
    """``done`` gets the catalogue code of what went wrong, 0 for nothing, unless ``stop`` comes first.

    A leg without audio (on hold, or with a=inactive) hears it when its audio is back.  After ten seconds without, it
    is passed over as if it had been heard; one that goes on for ever waits.
    """

    def __init__(
        self, sources: SoundSources, leg: Party, item: Say | Play, done: Callable[[int], None]
    ) -> None:
        self._sources = sources
        self._leg = leg
        self._left = item.loop
        self._done = done
        self._path = ""
        self._over = False
        self._playing: Playing | None = None
        self._waiting: Timer | None = None
        make, self._error = _maker(sources, item)
        sources.loop.off_loop(make, self._ready, self._failed)

    def media_ready(self) -> None:
        """The leg has audio, again or for the first time."""
        if self._playing is not None:
            self._playing.media_ready()
        elif self._path:
            self._play()

    def stop(self) -> None:
        """Silence, and no report; a second time is harmless."""
        self._over = True
        self._silence()

    def _silence(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def _ready(self, path: str) -> None:
        if not self._over:
            self._path = path
            self._play()

    def _failed(self, cause: Exception) -> None:
        self._finish(cause.code if isinstance(cause, DownloadError) else self._error)

    def _play(self) -> None:
        if self._over:
            return
        self._silence()
        if self._leg.audio is None:
            if self._left != FOR_EVER:
                self._waiting = self._sources.loop.after(NO_AUDIO_SECONDS, self._pass_over)
            return
        try:
            self._playing = Playing(self._sources.loop, self._leg, self._path, self._heard, self._pass_over)
        except SoundError:
            self._finish(Code.PLAY_INVALID_CONTENT_TYPE)

    def _heard(self) -> None:
        if self._left == 1:
            self._finish(0)
        else:
            self._left = self._left - 1 if self._left else FOR_EVER
            self._play()

    def _pass_over(self) -> None:
        if self._left == FOR_EVER:
            self._play()
        else:
            self._finish(0)

    def _finish(self, error: int) -> None:
        if not self._over:
            self.stop()
            self._done(error)


def _maker(sources: SoundSources, item: Say | Play) -> tuple[Callable[[], str], int]:
    """What makes its file, off the loop, and the code when that fails."""
    match item:
        case Say():
            return partial(sources.speech.speak, item.text, item.voice, item.language), Code.SAY_INVALID_TEXT
        case Play():
            return partial(sources.downloads.get, item.url), Code.PLAY_INVALID_CONTENT_TYPE
