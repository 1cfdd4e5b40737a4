"""``<Redirect>``: go on with the document at another URL."""

from __future__ import annotations

from ... import rcml
from ..running import fetch_document
from ..session import Call, Run
from ..transition import Turn


def begin(turn: Turn, call: Call, verb: rcml.Redirect) -> None:
    """Fetch the document; what follows the verb is not run."""
    fetch_document(turn, call.sid, call.run or Run(), verb.url, verb.method, {})
