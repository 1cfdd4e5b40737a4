"""How the tests wait: for what happens, with a limit that only a broken product reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0
"""Seconds until a test gives up.  On a busy machine everything may come late; nothing may fail to come."""


def wait_until(true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value of ``true``; AssertionError after ``seconds``."""
    limit = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > limit:
            raise AssertionError(f"waited {seconds:.0f} s in vain")
        time.sleep(0.02)
    return found
