"""``<Dial>`` and its nouns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..catalogue import Code
from . import schema
from .errors import Problem
from .nouns import Client, Noun, Number, Sip, Video
from .reading import by_name, name_of, read_fields, skip_child, skip_children, text_of
from .report import Report
from .verbs import Dial

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_NOUNS = 10
"""Of one Dial (docs/contract.md §2).  Those after it are dropped: error 13250."""


MAX_CLIENT = 121
"""Characters; none that is longer can register."""
MAX_NUMBER = 50
"""Characters, as written with dots and spaces."""
_NUMBER = frozenset("0123456789+*#ABCDabcd-.() ")


def dial(element: _Element, report: Report) -> Dial:
    """A Dial, whatever is wrong with it: the engine decides what a Dial without a noun comes to."""
    fields = read_fields(element, schema.DIAL, report)
    nouns = _nouns(element, report) if len(element) else _text_noun(element, report)
    return Dial(line=element.sourceline or 0, nouns=nouns, **fields)


def _nouns(element: _Element, report: Report) -> tuple[Noun, ...]:
    found: list[Noun] = []
    for child in element:
        read = by_name(_NOUNS, child)
        if read is None:
            _skip_noun(child, report)
        elif len(found) == MAX_NOUNS:
            report.error(
                child,
                Code.DIAL_TOO_MANY_NOUNS,
                f"<Dial> has more than {MAX_NOUNS} nouns: the rest is not dialled",
            )
            break
        else:
            found.append(read(child, report))
    if found and text_of(element):
        report.warning(
            element, Code.DIAL_INVALID_NESTED_ELEMENT, "<Dial> has nouns, so its text is not dialled"
        )
    return tuple(found)


def _skip_noun(element: _Element, report: Report) -> None:
    name = name_of(element)
    if name in schema.NOT_YET_NOUNS:
        report.warning(element, Code.DIAL_INVALID_NESTED_ELEMENT, f"<{name}> is not supported yet: skipped")
    else:
        skip_child(element, Code.DIAL_INVALID_NESTED_ELEMENT, "Dial", _NOUNS, report)


def _text_noun(element: _Element, report: Report) -> tuple[Noun, ...]:
    """Text instead of a child: with ``@`` a ``<Sip>``, else a ``<Number>`` (docs/contract.md §2)."""
    target = text_of(element)
    line = element.sourceline or 0
    if not target:
        report.error(element, Code.DIAL_INVALID_NESTED_ELEMENT, "<Dial> has nothing to dial")
        return ()
    if "@" in target:
        fields = schema.SIP.defaults.copy()
        del fields["name"]
        return (Sip(line=line, target=target, **fields),)
    fields = schema.NUMBER.defaults | {"problem": _number_problem(element, target, report)}
    return (Number(line=line, target=target, **fields),)


def _sip(element: _Element, report: Report) -> Sip:
    fields = read_fields(element, schema.SIP, report)
    video = fields["video"] = _video(element, report) if len(element) else None
    target = _named_target(element, fields.pop("name"), video, report)
    if not target:
        fields["problem"] = report.error(element, Code.SIP_INVALID_URI, "<Sip> has no SIP URI")
    if fields["credential_ref"] and (fields["username"] or fields["password"]):
        fields["username"] = fields["password"] = None
        report.warning(
            element,
            Code.SIP_INVALID_CREDENTIALS,
            "credentialRef is used, not username and password",
            "credentialRef",
        )
    elif fields["password"] and not fields["username"]:
        report.warning(
            element, Code.SIP_INVALID_CREDENTIALS, "<Sip> has a password without a username", "password"
        )
    return Sip(line=element.sourceline or 0, target=target, **fields)


def _number(element: _Element, report: Report) -> Number:
    fields = read_fields(element, schema.NUMBER, report)
    skip_children(element, report)
    target = text_of(element)
    fields["problem"] = _number_problem(element, target, report)
    return Number(line=element.sourceline or 0, target=target, **fields)


def _client(element: _Element, report: Report) -> Client:
    fields = read_fields(element, schema.CLIENT, report)
    video = fields["video"] = _video(element, report) if len(element) else None
    target = _named_target(element, fields.pop("name"), video, report)
    if not 0 < len(target.partition("?")[0].strip()) <= MAX_CLIENT:
        message = f"<Client> has no name of at most {MAX_CLIENT} characters"
        fields["problem"] = report.error(element, Code.DIAL_INVALID_NESTED_ELEMENT, message)
    return Client(line=element.sourceline or 0, target=target, **fields)


def _named_target(element: _Element, name: str, video: Video | None, report: Report) -> str:
    """With ``<Video>`` the ``name``, else the text; a name alone does for both (docs/contract.md §3)."""
    text = text_of(element)
    if video is not None:
        if text:
            message = "with <Video> the name is dialled, not the text"
            report.warning(element, Code.SCHEMA_WARNING, message)
        return name
    if name and text:
        report.warning(element, Code.SCHEMA_WARNING, "the text is dialled, not the name", "name")
    return text or name


def _video(element: _Element, report: Report) -> Video | None:
    video = None
    for child in element:
        if name_of(child) != "Video":
            skip_child(child, Code.SCHEMA_WARNING, name_of(element), ("Video",), report)
            continue
        fields = read_fields(child, schema.VIDEO, report)
        if fields["enable"] and video is None:
            video = Video(child.sourceline or 0, fields["overlay"])
    return video


def _number_problem(element: _Element, target: str, report: Report) -> Problem | None:
    number = target.partition("?")[0]
    if len(number) <= MAX_NUMBER and _NUMBER.issuperset(number) and any(map(str.isdigit, number)):
        return None
    return report.error(
        element, Code.NUMBER_INVALID_FORMAT, "<Number> has no telephone number of at most 50 characters"
    )


_NOUNS: dict[str, Callable[[_Element, Report], Noun]] = {"Sip": _sip, "Number": _number, "Client": _client}
