"""The task's two queues: created calls to claim, while there is room, and what the API asks of this task.

A thread each: receiving blocks.  What they receive is carried out on the loop.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from chalicelib.calls.protocol import ChangeRequest, OutboundCall, decode

from ..engine.loop import MainLoop

_log = logging.getLogger(__name__)
LONG_POLL = 10  # s
PAUSE = 0.2  # s, while the task is full, or SQS fails


class Calls(Protocol):
    """The calls of the task."""

    def has_room(self) -> bool:
        """Whether another one may begin here; from any thread."""

    def claim(self, sid: str, claimed: Callable[[], None]) -> None:
        """Place a created call.  ``claimed``: it is ours, take it off the queue.  On the loop."""

    def change(self, message: ChangeRequest) -> None:
        """Do what the API asks of one.  On the loop."""


def claim_outbound(client: Any, url: str, calls: Calls, loop: MainLoop) -> None:
    """One call at a time, so that the burst stays in the queue for the task that has room.

    Room may have gone while a message was waited for: then the call is given back to the queue at once.
    """

    def take(message: Any) -> None:
        call = decode(message["Body"], OutboundCall)
        delete = _deletion(client, url, message)

        def claim() -> None:
            if calls.has_room():
                calls.claim(call.session, lambda: loop.off_loop(delete, _ignore, _tell))
            else:
                loop.off_loop(_return(client, url, message), _ignore, _tell)

        loop.submit(claim)

    _receive_on_thread("outbound", client, url, calls.has_room, take, loop)


def obey(client: Any, url: str, calls: Calls, loop: MainLoop) -> None:
    """What the API asks of sessions that this task owns."""

    def take(message: Any) -> None:
        request = decode(message["Body"], ChangeRequest)
        loop.submit(lambda: calls.change(request))
        _deletion(client, url, message)()

    _receive_on_thread("task", client, url, lambda: True, take, loop)


def _deletion(client: Any, url: str, message: Any) -> Callable[[], None]:
    def delete() -> None:
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    return delete


def _return(client: Any, url: str, message: Any) -> Callable[[], None]:
    def make_visible() -> None:
        handle = message["ReceiptHandle"]
        client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)

    return make_visible


def _receive_on_thread(
    name: str,
    client: Any,
    url: str,
    has_room: Callable[[], bool],
    take: Callable[[Any], None],
    loop: MainLoop,
) -> None:
    def receive() -> None:
        while not loop.stopped:
            if has_room():
                _receive(client, url, take)
            else:
                time.sleep(PAUSE)

    threading.Thread(target=receive, name=f"queue-{name}", daemon=True).start()


def _receive(client: Any, url: str, take: Callable[[Any], None]) -> None:
    try:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=LONG_POLL)
        for message in answer.get("Messages", ()):
            take(message)
    except msgspec.MsgspecError:
        _log.warning("a message that is none of ours stays in the queue")
    except Exception as error:  # noqa: BLE001  the queue must be read on whatever went wrong
        _tell(error)
        time.sleep(PAUSE)


def _ignore(_: None) -> None:
    """Done."""


def _tell(error: Exception) -> None:
    _log.warning("queue: %s", type(error).__name__)
