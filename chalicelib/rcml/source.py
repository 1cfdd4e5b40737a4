"""From what a web server answered to XML that is safe to parse.

Customers send any encoding, documents with a raw ``&`` (the samples of this language's own manual contain
them) and, some of them, attacks.  So before any XML parser sees a document: it is at most 64 KiB, it is
UTF-8, a ``&`` that begins no entity is written ``&amp;``, and a document type declaration ends it.  All of it
is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from ..catalogue import Code
from .errors import NotWellFormedError, Problem, TooLargeError
from .positions import IS_FINAL, Place, place_of

MAX_BYTES = 64 * 1024
"""Of the document in UTF-8, before repair."""


_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
}
"""What a declaration may name, and Python's codec.  ASCII is read as UTF-8, which contains it."""

_USUAL = b'<?xml version="1.0" encoding="UTF-8"?>'
_DECLARED = re.compile(
    rb"""<\?xml\s+version\s*=\s*["'][0-9.]*["']\s+encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)

_REPAIRABLE = re.compile(
    rb"<!--(?:.*?-->|.*)"  # comments, CDATA and processing instructions are stepped over; one that
    rb"|<!\[CDATA\[(?:.*?\]\]>|.*)"  # never ends takes the rest, so that no character is looked at
    rb"|<\?(?:.*?\?>|.*)"  # more than three times
    rb"|(?P<bare>&)(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)",
    re.DOTALL,
)
_INSERTED = b"amp;"


@dataclass(frozen=True, slots=True)
class Source:
    """``xml`` is what is parsed, ``original`` what was received, both UTF-8.  ``repairs``: offsets in
    ``original`` of every ``&`` that was repaired."""

    xml: bytes
    original: bytes
    repairs: tuple[int, ...] = ()

    def place(self, offset: int) -> Place:
        """Where the byte ``offset`` of ``xml`` is in the text that the customer wrote."""
        return place_of(self.original, self.original_offset(offset))

    def original_offset(self, offset: int) -> int:
        """The byte of ``original`` that became the byte ``offset`` of ``xml``."""
        before = bisect_left(
            range(len(self.repairs)), offset, key=lambda n: self.repairs[n] + n * len(_INSERTED)
        )
        return offset - before * len(_INSERTED)


def prepare(document: str | bytes) -> Source:
    """The document as safe XML.  Raises `TooLargeError` or `NotWellFormedError`."""
    original = _utf8(document)
    if len(original) > MAX_BYTES:
        raise TooLargeError(
            Problem(Code.HTTP_BODY_TOO_LARGE, f"the document is longer than {MAX_BYTES} bytes", 1, 1, "error")
        )
    source = repair(original) if b"&" in original else Source(original, original)
    if b"<!DOCTYPE" in source.xml:
        _refuse_declarations(source)
    return source


def repair(original: bytes) -> Source:
    """Write every ``&`` that begins no entity as ``&amp;``, outside comments, CDATA and processing
    instructions.

    Only the five entities of XML and character references count: nothing else can be declared here.
    """
    places = tuple(match.start() for match in _REPAIRABLE.finditer(original) if match["bare"])
    pieces = []
    start = 0
    for place in places:
        pieces += [original[start : place + 1], _INSERTED]
        start = place + 1
    return Source(b"".join([*pieces, original[start:]]), original, places)


def not_well_formed(source: Source, fallback_line: int = 1) -> NotWellFormedError:
    """The error for a document that the parser refused.  expat finds the place and names the reason in words
    of its own: libxml2's would quote the document, and with it perhaps a password."""
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(source.xml, IS_FINAL)
    except expat.ExpatError as error:
        place = source.place(max(parser.ErrorByteIndex, 0))
        message = f"not well-formed XML: {expat.ErrorString(error.code)}"
        return NotWellFormedError(
            Problem(Code.DOCUMENT_PARSE_FAILURE, message, place.line, place.column, "error")
        )
    return NotWellFormedError(
        Problem(Code.DOCUMENT_PARSE_FAILURE, "not well-formed XML", fallback_line, 1, "error")
    )


def _utf8(document: str | bytes) -> bytes:
    try:
        if isinstance(document, str):
            return document.removeprefix("\ufeff").encode()
        return _decoded(document)
    except UnicodeError:
        problem = Problem(
            Code.DOCUMENT_PARSE_FAILURE, "the document is not in the encoding that it declares", 1, 1, "error"
        )
    raise NotWellFormedError(problem)


def _decoded(document: bytes) -> bytes:
    if document.startswith((b"\xff\xfe", b"\xfe\xff")):
        return document[: 2 * MAX_BYTES + 2].decode("utf-16").encode()
    if document.startswith(_USUAL):
        return document
    document = document.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARED.match(document)
    if declared is None:
        return document
    name = declared[1].decode().lower()
    if name == "utf-8":
        return document
    if name not in _ENCODINGS:
        raise NotWellFormedError(
            Problem(Code.DOCUMENT_PARSE_FAILURE, "the document declares an unknown encoding", 1, 1, "error")
        )
    return document.decode(_ENCODINGS[name]).encode()


class _DeclaredError(Exception):
    """expat met a document type declaration."""


def _refuse_declarations(source: Source) -> None:
    """12100 if the document declares a type.  The word alone, in a comment or in CDATA, is harmless."""

    def declared(*_: object) -> NoReturn:
        raise _DeclaredError

    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(source.xml, IS_FINAL)
    except _DeclaredError:
        place = source.place(max(parser.CurrentByteIndex, 0))
        message = "a document type or entity declaration is not allowed"
        problem = Problem(Code.DOCUMENT_PARSE_FAILURE, message, place.line, place.column, "error")
    except expat.ExpatError:
        raise not_well_formed(source) from None
    else:
        return
    raise NotWellFormedError(problem)
