"""``<Pause>``: silence; as the first verb it delays the answer."""

from __future__ import annotations

from ... import rcml
from ..commands import Pause


def item(verb: rcml.Pause) -> Pause:
    """What the task is to wait for."""
    return Pause(verb.length)
