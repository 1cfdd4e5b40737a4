"""The signaling task in a process of its own, for load: ``python -m benchmarks.task_process``.

The pure engine answers at once, in this process, as the step function would; nothing is written anywhere.  What is
measured is then SIP, media and the task's own work, as for the peers that it is compared with.  (The step executor
over a log in memory would take twice as long for each step, and keep every call.)
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import msgspec

from chalicelib.calls.commands import Command, Fetch
from chalicelib.calls.events import Event, Fetched, Incoming
from chalicelib.calls.protocol import StepRequest, StepResponse, TraceRequest
from chalicelib.calls.session import Application, Session
from chalicelib.calls.step import step
from signaling.media.speech import espeak
from signaling.settings import read_settings
from signaling.task import run_task
from tests.signaling.engine_process import keep

APPLICATION = Application("AC" + "1" * 32, url="http://app.example/main")


class AtOnce:
    """A controller without a network.  ``document`` is what every fetch brings."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._sessions: dict[str, Session | None] = {}

    def post(self, request: StepRequest) -> StepResponse:
        """See signaling.cloud.functions."""
        session = self._sessions.pop(request.session, None)
        commands: list[Command] = []
        for event in map(_with_application, request.events):
            done = step(session, event)
            session = done.session
            commands += done.commands
        over = session is None or session.over
        if not over:
            self._sessions[request.session] = session
        return StepResponse(request.session, request.number, tuple(commands), over=over)

    def trace(self, request: TraceRequest) -> None:
        """See signaling.cloud.functions."""

    def fetch(self, command: Fetch) -> Fetched:
        """See signaling.cloud.functions."""
        return Fetched(
            at=time.time(),
            call=command.call,
            id=command.id,
            status=200,
            content_type="text/xml",
            body=self._document,
            url=command.url,
        )


def _with_application(event: Event) -> Event:
    return msgspec.structs.replace(event, application=APPLICATION) if isinstance(event, Incoming) else event


if __name__ == "__main__":
    kept = os.environ.get("RECORDINGS")
    store = partial(keep, Path(kept)) if kept else None
    run_task(read_settings(os.environ), AtOnce(os.environ["DOCUMENT"]), str, espeak, lambda *_: None, store)
