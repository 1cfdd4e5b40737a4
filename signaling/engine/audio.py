"""Who hears whom in the engine's conference bridge.  For the loop.

``source`` and ``sink`` are the pjsua2 audio media of calls.  Either call may have hung up in this very moment, and
taken its port of the bridge with it: its end is on its way to the leg, so that is a value here, not an error.
"""

from __future__ import annotations

from typing import Any

import pjsua2 as pj


def connect(source: Any, sink: Any) -> bool:
    """From the next tick of the bridge on ``sink`` hears ``source``.  False: one of them has gone."""
    try:
        source.startTransmit(sink)
    except pj.Error:
        return False
    return True


def disconnect(source: Any, sink: Any) -> bool:
    """``sink`` hears ``source`` no more.  False: one of them has gone."""
    try:
        source.stopTransmit(sink)
    except pj.Error:
        return False
    return True


def listeners(place: int) -> frozenset[int]:
    """The places of the bridge that hear ``place``; not those that were connected since its last tick."""
    info = pj.AudioMedia.getPortInfoFromId(
        place
    )  # kept until its listeners are copied: they are a part of it
    return frozenset(info.listeners)
