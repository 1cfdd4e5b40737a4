"""Collects the problems of one document and finds their places, when there are any."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING
from xml.parsers import expat

from ..catalogue import Code
from .errors import Problem, Severity
from .positions import Place, Tag, attributes, place_of, start_tags
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element

MAX_PROBLEMS = 50
"""Reported for one document.  More would help nobody and cost the time that an attacker chose."""


class Report:
    """The problems of one document."""

    def __init__(self, source: Source, root: _Element) -> None:
        self._source = source
        self._root = root
        self._tags: dict[_Element, Tag] | None = None
        self._problems: list[Problem] = []
        for offset in source.repairs[:MAX_PROBLEMS]:
            place = place_of(source.original, offset)
            self._add(
                Code.DOCUMENT_PARSE_FAILURE, "a & that begins no entity was read as &amp;", place, "warning"
            )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """In the order of the text."""
        if not self._problems:
            return ()
        return tuple(sorted(self._problems, key=lambda problem: (problem.line, problem.column)))

    def warning(self, element: _Element, code: int, message: str, attribute: str = "") -> Problem:
        """A problem with ``element``, or with its ``attribute``; the document goes on."""
        return self._add(code, message, self._place(element, attribute), "warning")

    def error(self, element: _Element, code: int, message: str, attribute: str = "") -> Problem:
        """The same, and something of the document does not happen for it."""
        return self._add(code, message, self._place(element, attribute), "error")

    def unknown(
        self, element: _Element, name: str, code: int, message: str, known: Iterable[str], attribute: str = ""
    ) -> None:
        """A ``name`` that is not of the language: a warning with the known name that looks most like it."""
        if len(self._problems) >= MAX_PROBLEMS:
            return
        close = _closest(name, known)
        hint = f"; did you mean {close}?" if close else ""
        self.warning(element, code, f"{message}: skipped{hint}", attribute)

    def _add(self, code: int, message: str, place: Place, severity: Severity) -> Problem:
        problem = Problem(code, message, place.line, place.column, severity)
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(problem)
        return problem

    def _place(self, element: _Element, attribute: str) -> Place:
        if len(self._problems) >= MAX_PROBLEMS:
            return Place(element.sourceline or 1, 1)
        if self._tags is None:
            self._tags = self._read_tags()
        tag = self._tags.get(element)
        if tag is None:
            return Place(element.sourceline or 1, 1)
        name = attribute.encode()
        found = (found.start for found in attributes(self._source.xml, tag.start) if found.name == name)
        return self._source.place(next(found, tag.start))

    def _read_tags(self) -> dict[_Element, Tag]:
        try:
            tags = start_tags(self._source.xml)
        except (
            expat.ExpatError
        ):  # expat knows fewer letters in names than libxml2 (XML 1.0, 4th and 5th edition)
            return {}
        return dict(zip(self._root.iter(), tags, strict=True))


def _closest(name: str, known: Iterable[str]) -> str:
    by_lower = {word.lower(): word for word in known}
    lower = name[:40].lower()
    return next((by_lower[word] for word in get_close_matches(lower, by_lower, 1, 0.6)), "")
