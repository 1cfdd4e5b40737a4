"""Gather: digits until enough, a finish key, or silence."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.calls.commands import Gather

from ..engine.loop import Loop, Timer

MOST_DIGITS = 1000
"""Of a Gather that names no number: each key starts its time anew, and a program can press one for ever."""


class DigitCollection:
    """``done`` gets the digits without the finish key.  ``interrupt`` stops the prompts at the first digit."""

    def __init__(
        self, loop: Loop, command: Gather, interrupt: Callable[[], None], done: Callable[[str], None]
    ) -> None:
        self._loop = loop
        self._command = command
        self._interrupt = interrupt
        self._done = done
        self._digits = ""
        self._timer: Timer | None = None
        self._over = False

    def prompts_ended(self) -> None:
        """From now on the silence counts."""
        self._wait()

    def digit(self, digit: str) -> None:
        """A key was pressed."""
        if self._over:
            return
        self._interrupt()
        if digit in self._command.finish_on_key:
            self._finish()
            return
        self._digits += digit
        if len(self._digits) == (self._command.num_digits or MOST_DIGITS):
            self._finish()
        else:
            self._wait()

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        if self._over:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.after(self._command.timeout, self._finish)

    def _finish(self) -> None:
        if not self._over:
            self.stop()
            self._done(self._digits)
