"""What every session of the task shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.calls.protocol import SipMessage

from ..cloud.functions import Controller, Unseal
from ..engine.endpoint import Endpoint
from ..engine.loop import Loop
from ..media.downloads import Downloads
from ..media.party import SoundSources
from ..media.recording import Recordings
from ..media.speech import Speech
from ..registrar.registrar import Registrar
from ..routing.credentials import Credentials
from ..routing.resolver import Resolver
from ..settings import Settings


class Traced(Protocol):
    """Whose log a SIP message goes to."""

    def trace(self, message: SipMessage) -> None:
        """A message of one of its dialogs."""


Dialogs = dict[str, tuple[Traced, str]]
"""Call-ID to the session, and to the CallSid of the call."""


@dataclass(frozen=True)
class Context:
    """Made once at the start.  ``collect_trace`` brings the SIP messages so far to their sessions."""

    settings: Settings
    loop: Loop
    endpoint: Endpoint
    controller: Controller
    resolver: Resolver
    speech: Speech
    downloads: Downloads
    recordings: Recordings
    unseal: Unseal
    credentials: Credentials
    registrar: Registrar
    collect_trace: Callable[[], None]
    dialogs: Dialogs = field(default_factory=dict)

    @property
    def sources(self) -> SoundSources:
        """What the media of a session need."""
        return SoundSources(self.loop, self.speech, self.downloads)
