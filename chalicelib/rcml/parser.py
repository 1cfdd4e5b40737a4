"""Text → `Document`.

lxml reads the XML, hardened: no DTD, no entities, no network, no huge trees (`source` has refused the rest
before). The walk knows three levels (verbs; nouns and prompts; ``<Video>``) and never recurses, so depth
costs nothing. What it knows about attributes is data: `schema`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lxml import etree

from ..catalogue import Code
from . import schema
from .dial import dial
from .errors import NoResponseError
from .reading import by_name, name_of, read_fields, skip_child, skip_children, text_of
from .report import Report
from .source import Source, not_well_formed, prepare
from .values import url
from .verbs import Document, Gather, Hangup, Pause, Play, Prompt, Redirect, Reject, Say, Verb

if TYPE_CHECKING:
    from lxml.etree import _Element


_XML = etree.XMLParser(
    encoding="utf-8",  # `source` has decoded it, whatever it declares
    resolve_entities=False,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    no_network=True,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


def parse(text: str | bytes) -> Document:
    """Read an RCML document of at most 64 KiB.

    Mistakes that need not stop the call are in ``problems`` (docs/contract.md §2, §3).  Raises `RcmlError` when
    the document cannot run at all: not well-formed, a DTD, no ``<Response>``, too large.
    """
    source = prepare(text)
    root = _root(source)
    report = Report(source, root)
    if root.tag != "Response" and name_of(root) != "Response":
        raise NoResponseError(
            report.error(root, Code.DOCUMENT_NO_RESPONSE, "the root element is not <Response>")
        )
    verbs = tuple(verb for element in root if (verb := _verb(element, report)) is not None)
    return Document(verbs, report.problems)


def _root(source: Source) -> _Element:
    try:
        return etree.fromstring(source.xml, _XML)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
    raise not_well_formed(source, line)


def _verb(element: _Element, report: Report) -> Verb | None:
    read = by_name(_VERBS, element)
    if read is not None:
        return read(element, report)
    name = name_of(element)
    if name in schema.NOT_YET_VERBS:
        report.warning(element, Code.SCHEMA_WARNING, f"<{name}> is not supported yet: skipped")
    else:
        skip_child(element, Code.SCHEMA_WARNING, "Response", _VERBS, report)
    return None


def _say(element: _Element, report: Report) -> Say | None:
    fields = read_fields(element, schema.SAY, report)
    skip_children(element, report)
    text = "".join(element.itertext()).strip() if len(element) else text_of(element)
    if not text:
        report.warning(element, Code.SAY_INVALID_TEXT, "<Say> has no text: skipped")
        return None
    return Say(line=element.sourceline or 0, text=text, **fields)


def _play(element: _Element, report: Report) -> Play | None:
    fields = read_fields(element, schema.PLAY, report)
    target = _url_text(element, report)
    return None if target is None else Play(line=element.sourceline or 0, url=target, **fields)


def _redirect(element: _Element, report: Report) -> Redirect | None:
    fields = read_fields(element, schema.REDIRECT, report)
    target = _url_text(element, report)
    return None if target is None else Redirect(line=element.sourceline or 0, url=target, **fields)


def _url_text(element: _Element, report: Report) -> str | None:
    skip_children(element, report)
    try:
        return url(text_of(element))
    except ValueError as reason:
        report.error(element, Code.INVALID_URL, f"the text of <{name_of(element)}> {reason}: skipped")
        return None


def _pause(element: _Element, report: Report) -> Pause:
    skip_children(element, report)
    return Pause(line=element.sourceline or 0, **read_fields(element, schema.PAUSE, report))


def _reject(element: _Element, report: Report) -> Reject:
    skip_children(element, report)
    return Reject(line=element.sourceline or 0, **read_fields(element, schema.REJECT, report))


def _hangup(element: _Element, report: Report) -> Hangup:
    skip_children(element, report)
    return Hangup(line=element.sourceline or 0, **read_fields(element, schema.HANGUP, report))


def _gather(element: _Element, report: Report) -> Gather:
    fields = read_fields(element, schema.GATHER, report)
    prompts = []
    for child in element:
        read = by_name(_PROMPTS, child)
        if read is None:
            skip_child(child, Code.GATHER_INVALID_NESTED_VERB, "Gather", _PROMPTS, report)
        elif (prompt := read(child, report)) is not None:
            prompts.append(prompt)
    return Gather(line=element.sourceline or 0, prompts=tuple(prompts), **fields)


_PROMPTS: dict[str, Callable[[_Element, Report], Prompt | None]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
}
_VERBS: dict[str, Callable[[_Element, Report], Verb | None]] = {
    **_PROMPTS,
    "Gather": _gather,
    "Redirect": _redirect,
    "Reject": _reject,
    "Hangup": _hangup,
    "Dial": dial,
}
