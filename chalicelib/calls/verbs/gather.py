"""``<Gather>``: collect digits, while prompts play."""

from __future__ import annotations

from ... import rcml
from ..application import fetch_document
from ..commands import Gather, Pause, Play, Say
from ..session import Run
from ..transition import Turn


def item(verb: rcml.Gather, prompts: tuple[Say | Play | Pause, ...]) -> Gather:
    """What the task is to play and to wait for."""
    return Gather(prompts, verb.timeout, verb.finish_on_key, verb.num_digits or 0)


def resume(turn: Turn, sid: str, run: Run, verb: rcml.Gather, digits: str) -> None:
    """Digits go to the action, by default the document's own URL."""
    fetch_document(turn, sid, run, verb.action or run.base_url, verb.method, {"Digits": digits})
