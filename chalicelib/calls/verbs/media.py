"""Media verbs as one performance: what the task says, plays and gathers in a row, without a round trip between them.

A performance is a command, and what the task is told at once is bounded: a document of 63 kB can hold 4,500 ``<Play>``,
each of which becomes an absolute URL.  What is over the bound is the next performance's.
"""

from __future__ import annotations

from ... import rcml
from ...catalogue import Code
from ..commands import Gather, Pause, Play, Say
from ..session import Run
from ..transition import Turn

Item = Say | Play | Pause | Gather
Prompt = Say | Play | Pause
MOST_ITEMS = 50
MOST_CHARACTERS = 65_536


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
        room -= _size(item)
        if items and room < 0:
            break
        items.append(item)
        if isinstance(item, Gather):
            break
    return items


def _as_item(turn: Turn, run: Run, verb: rcml.Verb) -> Item | None:
    if isinstance(verb, rcml.Gather):
        return Gather(_prompts(turn, run, verb), verb.timeout, verb.finish_on_key, verb.num_digits or 0)
    if isinstance(verb, rcml.Say | rcml.Play | rcml.Pause):
        return _as_prompt(turn, run, verb)
    return None


def _prompts(turn: Turn, run: Run, verb: rcml.Gather) -> tuple[Prompt, ...]:
    """Prompts over the bound are left out.  A Gather cannot be split: its digits may come at any moment."""
    prompts: list[Prompt] = []
    room = MOST_CHARACTERS
    for number, each in enumerate(verb.prompts):
        prompt = _as_prompt(turn, run, each)
        room -= _size(prompt)
        if number == MOST_ITEMS or room < 0:
            turn.problem(
                Code.SCHEMA_WARNING, f"the prompts of Gather after the first {number} are left out", verb.line
            )
            break
        prompts.append(prompt)
    return tuple(prompts)


def _as_prompt(turn: Turn, run: Run, verb: rcml.Say | rcml.Play | rcml.Pause) -> Prompt:
    if isinstance(verb, rcml.Say):
        return Say(verb.text, verb.voice, verb.language, verb.loop)
    if isinstance(verb, rcml.Pause):
        return Pause(verb.length)
    url = turn.resolve(run, verb.url)
    return Pause(0) if url is None else Play(url, verb.loop)


def _size(item: Item) -> int:
    """Characters of what a stranger wrote."""
    match item:
        case Say():
            return len(item.text)
        case Play():
            return len(item.url)
        case _:
            return 0
