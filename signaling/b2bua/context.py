"""What every session of the task shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..cloud.functions import Controller
from ..engine.endpoint import Endpoint
from ..engine.loop import Loop
from ..media.downloads import Downloads
from ..media.recording import Recordings
from ..media.sources import SoundSources
from ..media.speech import Speech
from ..registrar.registrar import Registrar
from ..routing.hops import Router
from ..settings import Settings
from .session_trace import Dialogs
from .step_client import StepLinks


@dataclass(frozen=True)
class Context:
    """Made once at the start.  ``collect_trace`` brings the SIP messages so far to their sessions."""

    settings: Settings
    loop: Loop
    endpoint: Endpoint
    controller: Controller
    router: Router
    speech: Speech
    downloads: Downloads
    recordings: Recordings
    registrar: Registrar
    collect_trace: Callable[[], None]
    dialogs: Dialogs = field(default_factory=dict)

    @property
    def sources(self) -> SoundSources:
        """What the media of a session need."""
        return SoundSources(self.loop, self.speech.speak, self.downloads.get)

    @property
    def step_links(self) -> StepLinks:
        """What the steps of a session need."""
        return StepLinks(self.loop, self.controller, self.settings.task_id, self.collect_trace)
