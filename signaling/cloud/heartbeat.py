"""Says that the task lives, so that the reaper leaves its calls alone; keeps scale-in away while it has some; and
publishes how many it has.

The reaper may declare a task dead that was only cut off for a while.  Its calls are another's by then and its queue
is gone, so such a task takes nothing more: it drains, and ECS starts a fresh one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import urllib3

from ..settings import Settings
from .metrics import publish

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVERY = 5.0  # s
PROTECTED_MINUTES = 60
PROTECT_EVERY = 600.0  # s, while there are calls
Figures = Callable[[], dict[str, int | bool]]
_log = logging.getLogger(__name__)


class Heartbeat:
    """On a thread of its own.  ``figures`` tells the open ``sessions``; ``declared_dead`` is called at most once."""

    def __init__(
        self, client: DynamoDBClient, settings: Settings, figures: Figures, declared_dead: Callable[[], None]
    ) -> None:
        self._client = client
        self._settings = settings
        self._figures = figures
        self._declared_dead = declared_dead
        self._announced = self._dead = False
        self._protected: float | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat every 5 s from now on."""
        self._thread.start()

    def stop(self) -> bool:
        """No beat after this.  Whether nothing is left to the reaper: no open session, and it was not there before."""
        self._stopped.set()
        self._thread.join()
        return not self._dead and not self._figures()["sessions"]

    def forget(self) -> None:
        """Take the task's row away; raises what boto3 raises."""
        self._client.delete_item(TableName=self._settings.calls_table, Key=self._key())

    def _run(self) -> None:
        while not self._stopped.is_set():
            for part in (self._say_alive, self._protect, self._publish):
                try:
                    part()
                except Exception as error:  # noqa: BLE001  a beat that failed must not be the last one
                    _log.warning("heartbeat: %s", type(error).__name__)
            self._stopped.wait(EVERY)

    def _say_alive(self) -> None:
        """The first beat makes the row; a later one finds it as the reaper left it (``Tasks.condemn``)."""
        now = {"N": f"{time.time():.3f}"}
        table = self._settings.calls_table
        if not self._announced:
            row = {**self._key(), "queue_url": {"S": self._settings.task_queue_url}, "heartbeat": now}
            self._client.put_item(TableName=table, Item=row)
            self._announced = True
        elif not self._dead:
            try:
                self._client.update_item(
                    TableName=table,
                    Key=self._key(),
                    UpdateExpression="SET heartbeat = :now",
                    ConditionExpression="heartbeat > :zero",
                    ExpressionAttributeValues={":now": now, ":zero": {"N": "0"}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                _log.error("declared dead")
                self._dead = True
                self._declared_dead()

    def _key(self) -> dict[str, dict[str, str]]:
        return {"pk": {"S": "tasks"}, "sk": {"S": self._settings.task_id}}

    def _protect(self) -> None:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html"""
        if not self._settings.ecs_agent_uri:
            return
        now = time.monotonic()
        if not self._figures()["sessions"]:
            if self._protected is not None:
                self._set_protection({"ProtectionEnabled": False})
            self._protected = None
        elif self._protected is None or now - self._protected > PROTECT_EVERY:
            self._set_protection({"ProtectionEnabled": True, "ExpiresInMinutes": PROTECTED_MINUTES})
            self._protected = now

    def _set_protection(self, wanted: dict[str, bool | int]) -> None:
        url = f"{self._settings.ecs_agent_uri}/task-protection/v1/state"
        answer = urllib3.request("PUT", url, json=wanted, timeout=3.0)
        if answer.status != 200:
            raise ProtectionError(answer.status)

    def _publish(self) -> None:
        if self._settings.metrics_namespace:
            publish(self._settings.metrics_namespace, int(self._figures()["sessions"]), time.time())


class ProtectionError(Exception):
    """The ECS agent refused; it is asked again at the next beat."""
