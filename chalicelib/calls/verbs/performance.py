"""Media verbs as one performance: what the task says, plays and gathers in a row, without a round trip between them.

A performance is a command, and its size is bounded: a document of 63 kB can hold 4,500 ``<Play>``, each of which
becomes an absolute URL.  Verbs above the bound go into the next performance.
"""

from __future__ import annotations

from ... import rcml
from ..commands import Gather
from ..session import Run
from ..transition import Turn
from . import gather
from .prompts import MOST_CHARACTERS, MOST_ITEMS, Prompt, prompt_of, prompts_of, size

Item = Prompt | Gather


def leading_items(turn: Turn, run: Run, verbs: tuple[rcml.Verb, ...], *, answered: bool) -> list[Item]:
    """The media verbs at the head of ``verbs``, up to and with a Gather, as many as one performance takes.

    While the caller is unanswered a leading Pause is performed alone: it delays the pick-up.
    """
    items: list[Item] = []
    room = MOST_CHARACTERS
    waiting_to_answer = not answered and bool(verbs) and isinstance(verbs[0], rcml.Pause)
    for verb in verbs[:MOST_ITEMS]:
        if waiting_to_answer and not isinstance(verb, rcml.Pause):
            break
        item = _as_item(turn, run, verb)
        if item is None:
            break
        room -= size(item)
        if items and room < 0:
            break
        items.append(item)
        if isinstance(item, Gather):
            break
    return items


def _as_item(turn: Turn, run: Run, verb: rcml.Verb) -> Item | None:
    if isinstance(verb, rcml.Gather):
        return gather.item(verb, prompts_of(turn, run, verb))
    if isinstance(verb, rcml.Say | rcml.Play | rcml.Pause):
        return prompt_of(turn, run, verb)
    return None
