"""Draws the moments of a call: a ladder for the terminal, JSON for programs, Mermaid for documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from .trace import APPLICATION, PLATFORM, Moment

WIDTH = 34


def ladder(moments: Sequence[Moment]) -> str:
    """A column per party, the platform and the application last; times in seconds from the first moment."""
    parties = _parties(moments)
    start = moments[0].at if moments else 0.0
    head = " " * 9 + "".join(party.center(WIDTH) for party in parties)
    lines = [head.rstrip(), *(_line(moment, parties, start) for moment in moments)]
    return "\n".join(lines)


def as_json(moments: Sequence[Moment]) -> str:
    """A list of objects, one per moment, times in ISO 8601 (UTC)."""
    return json.dumps([{**asdict(each), "at": _iso(each.at)} for each in moments], indent=2)


def mermaid(moments: Sequence[Moment]) -> str:
    """A Mermaid sequence diagram."""
    parties = _parties(moments)
    names = {party: f"p{number}" for number, party in enumerate(parties)}
    lines = ["sequenceDiagram", *(f"    participant {names[party]} as {party}" for party in parties)]
    for moment in moments:
        # "#" begins an entity and ";" ends a statement in Mermaid.
        label = moment.label.replace("#", "#35").replace(";", "#59;").replace("#35", "#35;")
        if moment.source == moment.target:
            lines.append(f"    Note over {names[moment.source]}: {label}")
        else:
            lines.append(f"    {names[moment.source]}->>{names[moment.target]}: {label}")
    return "\n".join(lines)


FORMATS: dict[str, Callable[[Sequence[Moment]], str]] = {
    "ladder": ladder,
    "json": as_json,
    "mermaid": mermaid,
}


def _parties(moments: Sequence[Moment]) -> list[str]:
    seen = dict.fromkeys(party for moment in moments for party in (moment.source, moment.target))
    peers = [party for party in seen if party not in (PLATFORM, APPLICATION)]
    return [*peers[:1], PLATFORM, *peers[1:], *([APPLICATION] if APPLICATION in seen else [])]


def _line(moment: Moment, parties: list[str], start: float) -> str:
    time = f"{moment.at - start:8.3f} "
    source, target = parties.index(moment.source), parties.index(moment.target)
    if source == target:
        lanes = [_lane(column) for column in range(len(parties))]
        return (time + "".join(lanes[:source]) + f"* {moment.label}".rjust(2).center(WIDTH)).rstrip()
    left, right = min(source, target), max(source, target)
    length = (right - left) * WIDTH - 1
    text = f" {moment.label[: length - 6]} "
    arrow = text.center(length - 1, "-") + ">" if target > source else "<" + text.center(length - 1, "-")
    before = "".join(_lane(column) for column in range(left)) + " " * (WIDTH // 2) + "|"
    rest = (WIDTH - WIDTH // 2 - 1) * " " + "".join(
        _lane(column) for column in range(right + 1, len(parties))
    )
    return (time + before + arrow + "|" + rest).rstrip()


def _lane(column: int) -> str:
    return " " * (WIDTH // 2) + "|" + " " * (WIDTH - WIDTH // 2 - 1)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
