"""Say, Play and Pause, alone or within a Gather, and how much of them the task is told at once."""

from __future__ import annotations

from ... import rcml
from ...catalogue import Code
from ..application import resolve
from ..commands import Gather, Pause, Play, Say
from ..session import Run
from ..transition import Turn
from . import pause, play, say

Prompt = Say | Play | Pause
MOST_ITEMS = 50
MOST_CHARACTERS = 65_536


def prompt_of(turn: Turn, run: Run, verb: rcml.Say | rcml.Play | rcml.Pause) -> Prompt:
    """The verb as an item of the command to the task."""
    match verb:
        case rcml.Say():
            return say.item(verb)
        case rcml.Play():
            return play.item(verb, resolve(turn, run, verb.url))
        case rcml.Pause():
            return pause.item(verb)


def size(item: Prompt | Gather) -> int:
    """How many characters the application wrote into ``item``."""
    match item:
        case Say():
            return len(item.text)
        case Play():
            return len(item.url)
        case _:
            return 0


def prompts_of(turn: Turn, run: Run, verb: rcml.Gather) -> tuple[Prompt, ...]:
    """The prompts of a Gather, without those above the bound: digits may come at any time, so it cannot be split."""
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
