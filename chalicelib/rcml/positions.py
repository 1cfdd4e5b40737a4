"""Lines and columns.  lxml knows only lines, so an expat pass finds the places when a problem is reported.

A clean document never pays for it.  Offsets are bytes of UTF-8; columns are characters; both count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

_TAG_NAME = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


IS_FINAL = True
"""For expat, which takes it by position: there is no more to come."""


class Place(NamedTuple):
    """From 1."""

    line: int
    column: int


class Attribute(NamedTuple):
    """An attribute in the text: its name as written, where it begins, and where its value begins and ends."""

    name: bytes
    start: int
    value_start: int
    value_end: int


class Tag(NamedTuple):
    """A start tag in the text."""

    name: str
    start: int


def place_of(text: bytes, offset: int) -> Place:
    """The line and column of ``offset``."""
    line_start = text.rfind(b"\n", 0, offset) + 1
    line = text.count(b"\n", 0, line_start) + 1
    return Place(line, len(text[line_start:offset].decode("utf-8", "replace")) + 1)


def start_tags(xml: bytes) -> list[Tag]:
    """Every start tag, in document order.  Raises `expat.ExpatError` when ``xml`` is not well-formed."""
    tags: list[Tag] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: tags.append(Tag(name, parser.CurrentByteIndex))
    parser.Parse(xml, IS_FINAL)
    return tags


def attributes(xml: bytes, tag_start: int) -> Iterator[Attribute]:
    """The attributes of the start tag at ``tag_start`` of well-formed XML."""
    name = _TAG_NAME.match(xml, tag_start)
    end = name.end() if name else tag_start
    while found := _ATTRIBUTE.match(xml, end):
        value = 2 if found[2] is not None else 3
        yield Attribute(found[1], found.start(1), found.start(value), found.end(value))
        end = found.end()
