"""One Say or Play on one leg: made or downloaded, then played as often as it is wanted.  It always ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from chalicelib.calls.commands import Play, Say
from chalicelib.catalogue import Code

from ..engine.loop import Loop, Timer
from ..engine.sounds import Prompt, SoundError
from .downloads import DownloadError
from .party import Party
from .sources import SoundSources

FOR_EVER = 0
"""The ``loop`` of what goes on until the call ends."""
LOOK_SECONDS = 0.005
"""Between two looks whether a prompt has ended, once it should have."""
SELDOM_SECONDS = 2.0
"""Between two looks before that, at most: the listener may have gone."""
NO_AUDIO_SECONDS = 10.0
"""How long an item waits for a leg that has no audio, before it is passed over as if it had been heard."""


class Playing:
    """The WAV at ``path`` on ``leg``, once.  Raises SoundError.

    Unless stopped before, ``ended`` is called on the loop when the leg has heard it all, or ``lost`` when for ten
    seconds nobody took any of it: the leg's audio has gone.
    """

    def __init__(
        self, loop: Loop, leg: Party, path: str, ended: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._leg = leg
        self._ended = ended
        self._lost = lost
        self._prompt = Prompt(path)
        self._played = 0.0
        self._moved_at = time.monotonic()
        self.media_ready()
        self._timer: Timer = loop.after(min(self._prompt.seconds, SELDOM_SECONDS), self._look)

    def media_ready(self) -> None:
        """The leg's audio may be another since a re-INVITE."""
        self._prompt.play_to(self._leg)

    def stop(self) -> None:
        """Silence; a second time is harmless."""
        self._timer.cancel()
        self._prompt.stop()

    def _look(self) -> None:
        """The engine tells nobody of a file's end: see sounds.c."""
        played, now = self._prompt.played(), time.monotonic()
        left = self._prompt.seconds - played
        if left <= 0:
            self.stop()
            self._ended()
        elif played == self._played and now - self._moved_at > NO_AUDIO_SECONDS:
            self.stop()
            self._lost()
        else:
            if played != self._played:
                self._played, self._moved_at = played, now
            self._timer = self._loop.after(min(max(left, LOOK_SECONDS), SELDOM_SECONDS), self._look)


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
            return partial(sources.speak, item.text, item.voice, item.language), Code.SAY_INVALID_TEXT
        case Play():
            return partial(sources.download, item.url), Code.PLAY_INVALID_CONTENT_TYPE
