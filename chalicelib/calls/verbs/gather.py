"""``<Gather>``: collect digits, while prompts play."""

from __future__ import annotations

from ... import rcml
from ...catalogue import Code
from ..commands import Gather
from ..running import fetch_document
from ..session import Run
from ..transition import Turn
from .prompts import MOST_CHARACTERS, MOST_ITEMS, Prompt, prompt_of, size


def item(turn: Turn, run: Run, verb: rcml.Gather) -> Gather:
    """What the task is to play and to wait for."""
    return Gather(_prompts(turn, run, verb), verb.timeout, verb.finish_on_key, verb.num_digits or 0)


def resume(turn: Turn, sid: str, run: Run, verb: rcml.Gather, digits: str) -> None:
    """Digits go to the action, by default the document's own URL."""
    fetch_document(turn, sid, run, verb.action or run.base_url, verb.method, {"Digits": digits})


def _prompts(turn: Turn, run: Run, verb: rcml.Gather) -> tuple[Prompt, ...]:
    """Prompts over the bound are left out.  A Gather cannot be split: its digits may come at any moment."""
    prompts: list[Prompt] = []
    room = MOST_CHARACTERS
    for number, each in enumerate(verb.prompts):
        prompt = prompt_of(turn, run, each)
        room -= size(prompt)
        if number == MOST_ITEMS or room < 0:
            turn.problem(
                Code.SCHEMA_WARNING, f"the prompts of Gather after the first {number} are left out", verb.line
            )
            break
        prompts.append(prompt)
    return tuple(prompts)
