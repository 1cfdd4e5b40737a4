"""Says that the task lives, so that the reaper leaves its calls alone, and keeps scale-in away while it has some."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import urllib3

from .settings import Settings
from .switchboard import Switchboard

EVERY = 5.0  # s
PROTECTED_MINUTES = 60
_log = logging.getLogger(__name__)


def beat(client: Any, settings: Settings, switchboard: Switchboard) -> None:
    """On a thread of its own, from now to the end of the process."""

    def run() -> None:
        protected = False
        while True:
            try:
                _write(client, settings)
                busy = switchboard.figures()["sessions"] > 0
                if settings.ecs_agent_uri and (busy or protected):
                    _protect(settings.ecs_agent_uri, wanted={"ProtectionEnabled": busy})
                    protected = busy
            except Exception as error:  # noqa: BLE001  a beat that failed must not be the last one
                _log.warning("heartbeat: %s", type(error).__name__)
            time.sleep(EVERY)

    threading.Thread(target=run, name="heartbeat", daemon=True).start()


def _write(client: Any, settings: Settings) -> None:
    row = {
        "pk": {"S": "tasks"},
        "sk": {"S": settings.task_id},
        "queue_url": {"S": settings.task_queue_url},
        "heartbeat": {"N": f"{time.time():.3f}"},
    }
    client.put_item(TableName=settings.calls_table, Item=row)


def _protect(agent: str, wanted: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html"""
    if wanted["ProtectionEnabled"]:
        wanted["ExpiresInMinutes"] = PROTECTED_MINUTES
    urllib3.request("PUT", f"{agent}/task-protection/v1/state", json=wanted, timeout=3.0)
