"""``<Say>``: speak a text."""

from __future__ import annotations

from ... import rcml
from ..commands import Say


def item(verb: rcml.Say) -> Say:
    """What the task is to speak."""
    return Say(verb.text, verb.voice, verb.language, verb.loop)
