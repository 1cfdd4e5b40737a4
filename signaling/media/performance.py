"""Runs the items of a Perform on one leg, one after another: Say, Play, Pause, Gather."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chalicelib.calls.commands import Gather, Pause, Perform, Play, Say

from ..engine.loop import Timer
from .bridge import NO_AUDIO_SECONDS
from .gather import DigitCollection
from .inband_dtmf import InbandDetector
from .party import Party, SoundSources
from .prompt import PromptPlayer

Item = Say | Play | Pause | Gather


class Performance:
    """``done`` gets the digits of the last Gather and the catalogue code of the first failure, 0 for none.

    It always ends: what a leg without audio would hear is passed over after a while (see PromptPlayer), and a Gather
    that has nothing to say waits no longer for the audio in which its keys come.
    """

    def __init__(
        self, sources: SoundSources, leg: Party, command: Perform, done: Callable[[str, int], None]
    ) -> None:
        self._sources = sources
        self._leg = leg
        self._items: deque[Item] = deque(command.items)
        self._done = done
        self._digits = ""
        self._error = 0
        self._prompting: PromptPlayer | None = None
        self._pause: Timer | None = None
        self._gather_waits: Gather | None = None
        self._gathering: DigitCollection | None = None
        self._ear: InbandDetector | None = None
        self._prompts = 0
        self._over = False
        self._next()

    def media_ready(self) -> None:
        """Goes on when the leg has audio.  A re-INVITE may have changed how it sounds, and how it sends keys."""
        if self._ear is not None:
            self._ear.listen()
        if self._prompting is not None:
            self._prompting.media_ready()
        if self._gather_waits is not None:
            self._gather(self._gather_waits)

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
        if self._prompting is not None:
            self._prompting.stop()
            self._prompting = None
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
        self._silence()
        if self._gathering is not None and self._prompts == 0:
            self._gathering.prompts_ended()
            return
        if not self._items:
            self._over = True
            self._done(self._digits, self._error)
            return
        if self._gathering is not None:
            self._prompts -= 1
        self._begin(self._items.popleft())

    def _begin(self, item: Item) -> None:
        match item:
            case Pause():
                self._pause = self._sources.loop.after(item.seconds, self._next)
            case Say() | Play():
                self._prompting = PromptPlayer(self._sources, self._leg, item, self._prompted)
            case Gather(prompts=()) if self._leg.audio is None:
                self._gather_waits = item
                self._pause = self._sources.loop.after(NO_AUDIO_SECONDS, lambda: self._gather(item))
            case Gather():
                self._gather(item)

    def _prompted(self, error: int) -> None:
        self._error = self._error or error
        self._next()

    def _gather(self, item: Gather) -> None:
        self._gather_waits = None
        self._silence()
        self._gathering = DigitCollection(self._sources.loop, item, self._interrupt, self._gathered)
        self._ear = InbandDetector(self._sources.loop, self._leg, self.digit)
        self._prompts = len(item.prompts)
        self._items.extendleft(reversed(item.prompts))
        self._next()

    def _interrupt(self) -> None:
        """The first digit stops the prompts."""
        self._silence()
        while self._prompts:
            self._items.popleft()
            self._prompts -= 1

    def _gathered(self, digits: str) -> None:
        self._gathering = None
        self._close_ear()
        self._digits = digits
        self._next()
