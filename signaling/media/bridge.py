"""Two parties hear each other: ports of the engine's conference bridge."""

from __future__ import annotations

import logging

from ..engine.audio import connect, disconnect
from .party import Party

_log = logging.getLogger(__name__)


def bridge(one: Party, other: Party) -> None:
    """Both hear each other.  Nothing happens until both have audio."""
    if one.audio is None or other.audio is None:
        return
    if not (connect(one.audio, other.audio) and connect(other.audio, one.audio)):
        _log.info("%s and %s: not bridged any more", one.sid, other.sid)


def unbridge(one: Party, other: Party) -> None:
    """Neither hears the other any more."""
    if one.audio is None or other.audio is None:
        return
    if not (disconnect(one.audio, other.audio) and disconnect(other.audio, one.audio)):
        _log.info("%s and %s: not bridged any more", one.sid, other.sid)
