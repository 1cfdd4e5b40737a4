"""``<Hangup>``: end the call; in a screening document, decline it."""

from __future__ import annotations

from ..application import hang_up
from ..session import Call
from ..transition import Turn


def begin(turn: Turn, call: Call) -> None:
    """A caller that is not answered yet is answered first."""
    hang_up(turn, call)
