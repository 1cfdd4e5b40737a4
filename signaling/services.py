"""What every session of the task shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.calls.protocol import SipMessage

from .audio import Downloads
from .controller import Controller, Unseal
from .credentials import Credentials
from .endpoint import Endpoint
from .loop import Loop
from .recording import Recordings
from .registrar import Registrar
from .resolving import Resolver
from .settings import Settings
from .speech import Speech


class Traced(Protocol):
    """Whose log a SIP message goes to."""

    def trace(self, message: SipMessage) -> None:
        """A message of one of its dialogs."""


@dataclass(frozen=True)
class Services:
    """Made once at the start.  ``dialogs``: Call-ID to the session and the CallSid of the call."""

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
    dialogs: dict[str, tuple[Traced, str]] = field(default_factory=dict)
