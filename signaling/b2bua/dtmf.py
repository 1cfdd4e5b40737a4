"""The keys of one call: which of those that its peer signals count."""

from __future__ import annotations

import time

from chalicelib.sip.wire import KEYS

SAME_KEY = 2.0
"""Seconds within which a key that was heard as a tone is also told as INFO, by a peer that does both."""


class Keypad:
    """That of the peer.  ``signals``: it tells of its keys, so that their tones are not listened to."""

    def __init__(self) -> None:
        self.signals = False
        self._tone = ("", 0.0)

    def tone_heard(self, digit: str) -> None:
        """It counts already; the peer may tell of it too."""
        self._tone = (digit, time.monotonic())

    def told(self, digit: str) -> bool:
        """Whether the key ``digit``, which came as RFC 4733 or INFO, counts.  An INFO may name what is no key."""
        if digit not in KEYS:
            return False
        self.signals = True
        (tone, at), self._tone = self._tone, ("", 0.0)
        return tone != digit or time.monotonic() - at >= SAME_KEY
