"""An invocation: JSON comes in, the handler gets it as a struct, and its answer goes out as JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import msgspec
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from ..log_lines import LineFormatter, StandardError
from .metrics import Metrics, Name
from .settings import Settings

OURS = "chalicelib"
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Event = dict[str, Any]
Handler = Callable[[Event, object], dict[str, Any]]


def session_of(event: Event) -> str:
    """The CallSid of the session that ``event`` is about, as far as it says; empty when it is about none.

    A fetch and a callback name their call, and in what they tell the application the call that dialled it.
    """
    parameters = event.get("parameters") or {}
    return str(event.get("session") or parameters.get("ParentCallSid") or event.get("call") or "")


class Function:
    """One function of the deployment: its ``log`` and its ``metrics``.

    The loggers of ``chalicelib`` write to the same log, with the same keys.
    """

    def __init__(self, settings: Settings) -> None:
        service = settings.powertools_service_name
        lines = LineFormatter(service)
        self.log = Logger(service, logger_formatter=lines, logger_handler=StandardError(lines))
        self.metrics = Metrics(settings)
        logging.getLogger(OURS)
        copy_config_to_registered_loggers(self.log, include={OURS})

    @contextmanager
    def telling(self, session: str, failures: Name | None = None) -> Iterator[None]:
        """Every line is about ``session`` (a CallSid; empty: about none).  In the end the metrics are published.

        A failure is told by its type and place, counts as one of ``failures``, and goes on.
        """
        self.log.thread_safe_append_keys(correlation_id=session or None)
        try:
            yield
        except Exception as error:
            self.log.error("failed", exc_info=error)
            if failures:
                self.metrics.add(failures, 1)
            raise
        finally:
            self.log.thread_safe_clear_keys()
            self.metrics.publish()

    def invoked(
        self, kind: type[Asked], failures: Name | None = None
    ) -> Callable[[Callable[[Asked], Answer]], Handler]:
        """Makes a Lambda handler from a function that takes a ``kind`` and returns a struct.

        The handler raises msgspec.ValidationError for an event that is no ``kind``, and what the function itself
        raises; see ``telling``.
        """

        def made(handle: Callable[[Asked], Answer]) -> Handler:
            @wraps(handle)
            def handler(event: Event, _context: object) -> dict[str, Any]:
                with self.telling(session_of(event), failures):
                    answer: dict[str, Any] = msgspec.to_builtins(handle(msgspec.convert(event, kind)))
                return answer

            return handler

        return made
