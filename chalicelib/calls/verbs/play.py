"""``<Play>``: play a sound."""

from __future__ import annotations

from ... import rcml
from ..application import resolve
from ..commands import Pause, Play
from ..session import Run
from ..transition import Turn


def item(turn: Turn, run: Run, verb: rcml.Play) -> Play | Pause:
    """What the task is to play: nothing at all where the URL is none."""
    url = resolve(turn, run, verb.url)
    return Pause(0) if url is None else Play(url, verb.loop)
