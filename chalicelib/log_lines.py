"""What a line of a log is: powertools' JSON, the same from the functions and from the task.

``level``, ``location``, ``message``, ``timestamp``, ``service``, ``name`` of the logger, and ``correlation_id``: the
CallSid of the session, where there is one.  ``chalicelib`` and ``signaling`` log with the standard library only; the
process says where the lines go.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from functools import partial
from types import TracebackType
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

PLACES = 5
"""Functions of a traceback that a line names, the innermost ones."""


def about(session: str) -> dict[str, str]:
    """The ``extra`` of a record that is about ``session``, a CallSid."""
    return {"correlation_id": session}


class LineFormatter(LambdaPowertoolsFormatter):
    """An exception is its type and where it happened: its message may quote what no log may show.

    ``exception_name`` is the type, ``exception`` the way to it as ``function:line``, the innermost last.
    Lines are ASCII: what a peer wrote can neither end a line nor fail to be encoded.
    """

    def __init__(self, service: str) -> None:
        super().__init__(
            json_serializer=partial(json.dumps, default=str, separators=(",", ":")),
            utc=True,
            use_rfc3339=True,
            serialize_stacktrace=False,
            name="%(name)s",
            service=service,
        )

    def formatException(  # noqa: N802  the base class's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """The places, outermost first."""
        frames = traceback.extract_tb(ei[2])[-PLACES:]
        return " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)

    def serialize(self, log: Any) -> str:
        """Without the notes of an exception, which are text like its message."""
        log.pop("exception_notes", None)
        return super().serialize(log)


class StandardError(logging.Handler):
    """Writes each line at once to what standard error is at that moment."""

    def __init__(self, lines: LineFormatter) -> None:
        super().__init__()
        self.setFormatter(lines)

    def emit(self, record: logging.LogRecord) -> None:
        """A record that cannot be formatted is reported by the standard library, and lost."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:  # noqa: BLE001  logging must not fail what it tells of
            self.handleError(record)
