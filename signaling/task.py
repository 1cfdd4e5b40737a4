"""Puts the task together and runs it: one process, one endpoint, one loop."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from chalicelib.webhooks.guard import AddressGuard

from .b2bua.context import Context
from .b2bua.switchboard import Switchboard
from .cloud.functions import Controller, Unseal
from .cloud.health import serve_health
from .engine.call import calls_alive
from .engine.endpoint import Endpoint
from .engine.loop import MainLoop
from .engine.memory import collect_seldom, give_back_memory
from .media.downloads import Downloads
from .media.recording import Recordings
from .media.speech import Speech, Synthesize
from .media.uploads import Store, Uploads
from .registrar.registrar import Register, Registrar
from .routing.credentials import Credentials, no_credentials
from .routing.resolver import Resolver
from .settings import Settings

UPLOAD_SECONDS = 15.0
"""For the recordings that are not in S3 yet when the last call has gone; the container has 120 s in all."""
Start = Callable[[Switchboard, MainLoop], None]


def run_task(
    settings: Settings,
    controller: Controller,
    unseal: Unseal,
    synthesize: Synthesize,
    start: Start,
    store: Store | None = None,
    credentials: Credentials = no_credentials,
    register: Register | None = None,
) -> None:
    """Until SIGTERM or SIGINT has been drained.  ``start`` begins what feeds the task beside SIP: queues, heartbeat.

    ``store`` takes the recordings; without it nothing is recorded.  Without ``register`` nobody can register.
    """
    loop = MainLoop()
    uploads = Uploads(store)
    switchboard = Switchboard(loop)
    guard = AddressGuard(",".join(settings.allowed_addresses))
    endpoint = Endpoint(settings, guard, switchboard.incoming)
    with tempfile.TemporaryDirectory(prefix="callapi-") as folder:
        resolver = Resolver(guard, settings.name_servers, ipv6=bool(settings.sip_host6))
        recorded = Path(folder) / "recordings"
        recorded.mkdir()
        recordings = Recordings(recorded, uploads, settings.api_url, settings.recordings_bytes)
        switchboard.open(
            Context(
                settings=settings,
                loop=loop,
                endpoint=endpoint,
                controller=controller,
                resolver=resolver,
                speech=Speech(synthesize, Path(folder)),
                downloads=Downloads(Path(folder), guard),
                recordings=recordings,
                unseal=unseal,
                credentials=credentials,
                registrar=Registrar(loop, settings.task_id, register),
                collect_trace=switchboard.collect_trace,
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.submit(lambda: switchboard.drain(settings.drain_seconds)))
        health = serve_health(settings.health_port, switchboard.figures)
        give_back_memory(loop)
        recordings.watch(loop)
        start(switchboard, loop)
        collect_seldom()
        _say_ready(settings, endpoint.port, health.server_address[1])
        loop.run(endpoint.poll)
        recordings.stop_all()
        uploads.close(UPLOAD_SECONDS)
    health.shutdown()
    if calls_alive() == 0:
        endpoint.close()


def _say_ready(settings: Settings, sip_port: int, health_port: int) -> None:
    """Written beside and renamed, so that a reader never sees half of it."""
    if settings.ready_file:
        part = Path(f"{settings.ready_file}.part")
        part.write_text(
            json.dumps({"sip_port": sip_port, "health_port": health_port, "pid": os.getpid()}),
            encoding="ascii",
        )
        part.rename(settings.ready_file)
