"""Takes the SIP passwords out of a document before it is stored or logged.

The text stays as the customer wrote it, to the byte, but for the values of ``password`` on ``<Sip>``: a trace
that shows a reformatted document would show a document that nobody sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat
from xml.sax.saxutils import escape

from ..catalogue import Code
from .errors import Problem, RcmlError, TooLargeError
from .positions import attributes, start_tags
from .source import Source, prepare

MOST_PASSWORDS = 100

_PASSWORD_LIKE = re.compile(
    r"""(password\s*=\s*)(?:"[^"]*(?:"|\Z)[^\s>/]*|'[^']*(?:'|\Z)[^\s>/]*|[^\s"'>]+)""", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#([0-9]+)|#x([0-9A-Fa-f]+)|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPES = {'"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_BOM = "\ufeff"


def seal_passwords(text: str, seal: Callable[[str], str]) -> str:
    """Replace each password of a ``<Sip>`` by what ``seal`` makes of it, and change nothing else.

    ``seal`` gets and returns plain text; the entities are ours.  A document that is not well-formed even
    after the repair of its ``&`` never runs, so everything in it that looks like a password becomes ``***``.
    Raises TooLargeError for one with more than 100 passwords: sealed, each is several times as long.
    """
    try:
        source = prepare(text)
        spans = _password_spans(source)
    except (RcmlError, expat.ExpatError):
        return _PASSWORD_LIKE.sub(r'\1"***"', text)
    if len(spans) > MOST_PASSWORDS:
        raise TooLargeError(
            Problem(Code.HTTP_BODY_TOO_LARGE, f"more than {MOST_PASSWORDS} passwords", 1, 1, "error")
        )
    pieces = [_BOM] if text.startswith(_BOM) else []
    end = 0
    for start, stop in spans:
        value = source.original[start:stop].decode()
        pieces += [source.original[end:start].decode(), escape(seal(_plain(value)), _ESCAPES)]
        end = stop
    return "".join([*pieces, source.original[end:].decode()])


def _password_spans(source: Source) -> list[tuple[int, int]]:
    """Where the values are in the original, in order."""
    return [
        (source.original_offset(found.value_start), source.original_offset(found.value_end))
        for tag in start_tags(source.xml)
        if tag.name.rpartition(":")[2] == "Sip"
        for found in attributes(source.xml, tag.start)
        if found.name == b"password"
    ]


def _plain(value: str) -> str:
    """What an XML parser makes of an attribute value (XML 1.0 §3.3.3): white space to spaces, entities
    resolved."""
    spaced = value.replace("\r\n", " ").translate({ord(white): " " for white in "\t\n\r"})
    return _ENTITY.sub(_resolved, spaced)


def _resolved(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    return _NAMED[name] if name else chr(int(decimal) if decimal else int(hexadecimal, 16))
