"""Presses keys on a leg that has just been answered: an extension behind a number, a PIN."""

from __future__ import annotations

from collections.abc import Callable

from ..engine.loop import Loop
from .leg import Leg

KEY_SECONDS = 0.25
"""From one key to the next: the engine plays each for 100 ms (RFC 4733 §2.5) and rests a little."""
WAIT_SECONDS = 0.5
"""Of a ``w``."""
FIRST_SECONDS = 0.2
"""After the answer: the callee's media may come up with our ACK."""


def nothing() -> None:
    """Nobody waits for the keys."""


class DigitSender:
    """``digits`` one after another; ``done`` follows, at once when there are none, and not for a leg that has ended."""

    def __init__(self, loop: Loop, leg: Leg, digits: str, done: Callable[[], None]) -> None:
        self._loop = loop
        self._leg = leg
        self._left = digits
        self._done = done
        if digits:
            loop.after(FIRST_SECONDS, self._next)
        else:
            done()

    def _next(self) -> None:
        if self._leg.over:
            return
        if not self._left:
            self._done()
            return
        key, self._left = self._left[0], self._left[1:]
        if key in "wW":
            self._loop.after(WAIT_SECONDS, self._next)
            return
        self._leg.send_digit(key)
        self._loop.after(KEY_SECONDS, self._next)
