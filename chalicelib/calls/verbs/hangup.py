"""``<Hangup>``: end the call; of a leg that is being screened: decline it."""

from __future__ import annotations

from ..application import hang_up
from ..session import Call
from ..transition import Turn


def begin(turn: Turn, call: Call) -> None:
    """A caller that is not answered yet is answered first."""
    hang_up(turn, call)
