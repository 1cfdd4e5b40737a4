"""Which nouns of a Dial ring together, and in which order the others follow when nobody of these took the call.

``priority``: the lowest rings first, as in RFC 2782; the next one when every leg of it is out.  ``sequential``: one
leg after another.  ``weight`` decides who of one priority is tried first, and so counts only there: where all ring
together every one of them is tried.
"""

from __future__ import annotations

from ... import rcml
from ..transition import Turn

Round = tuple[int, ...]
"""Places of nouns in their Dial, counted from 0."""


def rounds(turn: Turn, verb: rcml.Dial) -> tuple[Round, ...]:
    """Every noun once, in the rounds in which they ring."""
    groups: dict[int, list[int]] = {}
    for place, noun in enumerate(verb.nouns):
        groups.setdefault(noun.priority if isinstance(noun, rcml.Sip) else 0, []).append(place)
    ordered = [groups[priority] for priority in sorted(groups)]
    if not verb.sequential:
        return tuple(tuple(group) for group in ordered)
    return tuple((place,) for group in ordered for place in _drawn(turn, verb, group))


def _drawn(turn: Turn, verb: rcml.Dial, places: list[int]) -> list[int]:
    """The places in the order of a draw in which each has as many lots as its weight (RFC 2782).

    Without any weight they keep the order of the document.
    """
    weights = {place: _weight(verb.nouns[place]) for place in places}
    if set(weights.values()) == {1}:
        return places
    order = []
    while weights:
        place = _draw(turn, weights)
        del weights[place]
        order.append(place)
    return order


def _draw(turn: Turn, weights: dict[int, int]) -> int:
    lot = int(turn.new_id(""), 16) % sum(weights.values())
    for place, weight in weights.items():
        lot -= weight
        if lot < 0:
            return place
    raise AssertionError("a lot beyond the last one")


def _weight(noun: rcml.Noun) -> int:
    return noun.weight if isinstance(noun, rcml.Sip) else 1
