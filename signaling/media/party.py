"""A call as the media see it, and what its sounds are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..engine.loop import Loop
from .downloads import Downloads
from .speech import Speech


class Party(Protocol):
    """One end of a bridge, or whoever hears a prompt.

    ``audio``: the pjsua2 audio media of the call, None while there are none.
    """

    sid: str
    audio: Any
    answered: bool

    @property
    def number(self) -> int:
        """The engine's number for the call; -1 when it has none."""

    @property
    def signals_keys(self) -> bool:
        """Whether the peer tells of its keys as RFC 4733 or INFO."""

    @property
    def tone_heard(self) -> Any:
        """To be called with each key that was heard as a tone."""

    def respond(self, code: int) -> None:
        """Send ``code`` to the caller, unless the dialog is past it."""


@dataclass(frozen=True)
class SoundSources:
    """What speaks, and what brings sounds by URL; ``loop`` is that of the session."""

    loop: Loop
    speech: Speech
    downloads: Downloads
