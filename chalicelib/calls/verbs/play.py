"""``<Play>``: play a sound."""

from __future__ import annotations

from ... import rcml
from ..commands import Pause, Play


def item(verb: rcml.Play, url: str | None) -> Play | Pause:
    """What the task is to play.  ``url`` is absolute; without one nothing is played."""
    return Pause(0) if url is None else Play(url, verb.loop)
