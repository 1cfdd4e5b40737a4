"""The nonces that telephones are challenged with (RFC 7616 §3.3): each carries what it is judged by, so that a flood of
requests that no answer follows leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

SECONDS = 120
KEPT = 20_000
"""Nonces whose uses are counted.  Above it no new one is taken until the oldest is too old to be fresh."""


class Nonces:
    """Made under a secret of this process: those of another task are as old ones to it.

    A nonce is for the realm and the address that it was made for.  Behind the same address others may be, so each one
    is different.  ``clock``: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._used: OrderedDict[str, int] = OrderedDict()

    def new(self, realm: str, host: str) -> str:
        """For a challenge to ``host``."""
        made = f"{int(self._clock()):08x}{secrets.token_hex(8)}"
        return made + self._seal(made, realm, host)

    def is_fresh(self, nonce: str, realm: str, host: str) -> bool:
        """Whether we made it, for these, within the last SECONDS."""
        made, seal = nonce[:24], nonce[24:]
        if not hmac.compare_digest(self._seal(made, realm, host).encode(), seal.encode()):
            return False
        return 0 <= self._clock() - int(made[:8], 16) < SECONDS

    def use(self, nonce: str, count: int) -> bool:
        """Whether a fresh ``nonce`` is used for the ``count``-th time (nc) for the first time (§3.4.5).

        False: who sent it may have heard another send it.
        """
        if count <= self._used.get(nonce, 0) or (nonce not in self._used and not self._has_room()):
            return False
        self._used[nonce] = count
        self._used.move_to_end(nonce)
        return True

    def _has_room(self) -> bool:
        """What is forgotten must be too old: else it could be used again."""
        if len(self._used) < KEPT:
            return True
        oldest = next(iter(self._used))
        if self._clock() - int(oldest[:8], 16) < SECONDS:
            return False
        del self._used[oldest]
        return True

    def _seal(self, made: str, realm: str, host: str) -> str:
        text = f"{made} {realm} {host}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]
