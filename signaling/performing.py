"""Runs the items of a Perform on one leg, one after another: Say, Play, Pause, Gather."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

import pjsua2 as pj

from chalicelib.calls.commands import Gather, Pause, Perform, Play, Say

from .audio import NO_SOUND, DownloadError
from .gathering import Gathering
from .inband import Ear
from .legs import Leg
from .loop import Timer
from .media import Playing
from .services import Services

Item = Say | Play | Pause | Gather
SPEECH_FAILED = 13520


class Performance:
    """``done`` gets the digits of the last Gather and the catalogue code of the first failure, 0 for none."""

    def __init__(
        self, services: Services, leg: Leg, command: Perform, done: Callable[[str, int], None]
    ) -> None:
        self._services = services
        self._leg = leg
        self._items: deque[Item] = deque(command.items)
        self._done = done
        self._digits = ""
        self._error = 0
        self._playing: Playing | None = None
        self._pause: Timer | None = None
        self._gathering: Gathering | None = None
        self._ear: Ear | None = None
        self._prompts = 0
        self._turn = 0
        self._over = self._waits_for_audio = False
        self._next()

    def media_ready(self) -> None:
        """Goes on when the leg has audio.  A re-INVITE may have changed how it sounds, and how it sends keys."""
        if self._ear is not None:
            self._ear.listen()
        if self._waits_for_audio and self._leg.audio is not None:
            self._waits_for_audio = False
            self._next()

    def digit(self, digit: str) -> None:
        """Only a Gather listens."""
        if self._gathering is not None:
            self._gathering.digit(digit)

    def stop(self) -> None:
        """Silence, and no report."""
        self._over = True
        self._silence()
        self._close_ear()
        if self._gathering is not None:
            self._gathering.stop()

    def _silence(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _close_ear(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    def _next(self) -> None:
        if self._over:
            return
        self._turn += 1
        if self._gathering is not None and self._prompts == 0:
            self._gathering.prompts_ended()
            return
        if not self._items:
            self._over = True
            self._done(self._digits, self._error)
            return
        if self._leg.audio is None and not isinstance(self._items[0], Pause):
            self._waits_for_audio = True
            return
        if self._gathering is not None:
            self._prompts -= 1
        self._begin(self._items.popleft())

    def _begin(self, item: Item) -> None:
        match item:
            case Pause():
                self._pause = self._services.loop.after(item.seconds, self._next)
            case Say():
                speak = partial(self._services.speech.speak, item.text, item.voice, item.language)
                self._prepare(speak, item.loop, SPEECH_FAILED)
            case Play():
                self._prepare(partial(self._services.downloads.get, item.url), item.loop, NO_SOUND)
            case Gather():
                self._gather(item)

    def _gather(self, item: Gather) -> None:
        self._gathering = Gathering(self._services.loop, item, self._interrupt, self._gathered)
        self._ear = Ear(self._services.loop, self._leg, self.digit)
        self._prompts = len(item.prompts)
        self._items.extendleft(reversed(item.prompts))
        self._next()

    def _interrupt(self) -> None:
        """The first digit stops the prompts."""
        self._turn += 1
        self._silence()
        while self._prompts:
            self._items.popleft()
            self._prompts -= 1

    def _gathered(self, digits: str) -> None:
        self._gathering = None
        self._close_ear()
        self._digits = digits
        self._silence()
        self._next()

    def _prepare(self, make: Callable[[], str], loop: int, error: int) -> None:
        turn = self._turn

        def ready(path: str) -> None:
            if not self._over and turn == self._turn:
                self._play(path, loop)

        def failed(cause: Exception) -> None:
            self._error = self._error or (cause.code if isinstance(cause, DownloadError) else error)
            if turn == self._turn:
                self._next()

        self._services.loop.off_loop(make, ready, failed)

    def _play(self, path: str, times: int) -> None:
        """0 times: until the call ends."""
        if self._leg.audio is None:
            return
        again = partial(self._play, path, times - 1 if times else 0)
        try:
            self._playing = Playing(self._services.loop, self._leg, path, self._next if times == 1 else again)
        except pj.Error:
            self._error = self._error or NO_SOUND
            self._next()
