"""Reads one element by its `Schema`: the same few lines for every verb and noun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..catalogue import Code
from .report import Report
from .schema import Attribute, Schema
from .values import PartlyWrongError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lxml.etree import _Element

Fields = dict[str, Any]
Reader = TypeVar("Reader")

MAX_SHOWN = 40
"""Characters of a stranger's text in a message."""


def name_of(element: _Element) -> str:
    """The name without a namespace: ``<r:Say xmlns:r="…">`` is Say."""
    return str(element.tag).rpartition("}")[2]


def by_name(readers: Mapping[str, Reader], element: _Element) -> Reader | None:
    """What reads ``element``: by its name as it is, or without its namespace."""
    return readers.get(str(element.tag)) or readers.get(name_of(element))


def read_fields(element: _Element, schema: Schema, report: Report) -> Fields:
    """The element's attributes by field name, every one valid; what was wrong is in ``report``."""
    fields = schema.defaults.copy()
    rows = schema.attributes
    for name, raw in element.items():
        row = rows.get(name)
        if row is None:
            _unknown_attribute(element, name, schema, report)
            continue
        try:
            fields[row.field] = row.convert(raw)
        except ValueError as reason:
            _wrong_value(element, name, raw, row, reason, fields, report)
    return fields


def text_of(element: _Element) -> str:
    """The trimmed text of the element itself, around its children."""
    text = element.text or ""
    if len(element):
        text += "".join([child.tail or "" for child in element])
    return text.strip()


def skip_child(element: _Element, code: int, parent: str, known: Iterable[str], report: Report) -> None:
    """Warn of a child that ``parent`` cannot have."""
    name = name_of(element)
    report.unknown(element, name, code, f"<{_clip(name)}> is not allowed in <{parent}>", known)


def skip_children(element: _Element, report: Report) -> None:
    """Warn of every child of an element that has none."""
    for child in element:
        skip_child(child, Code.SCHEMA_WARNING, name_of(element), (), report)


def _unknown_attribute(element: _Element, name: str, schema: Schema, report: Report) -> None:
    if name.startswith("{"):  # of another vocabulary: xsi:…, xml:lang
        return
    message = f"<{name_of(element)}> has no attribute {_clip(name)}"
    report.unknown(element, name, Code.SCHEMA_WARNING, message, schema.attributes, attribute=name)


def _wrong_value(
    element: _Element, name: str, raw: str, row: Attribute, reason: ValueError, fields: Fields, report: Report
) -> None:
    shown = name if row.secret else f'{name}="{_clip(raw)}"'
    message = f"<{name_of(element)}> {shown} {reason}"
    if row.blames:
        fields[row.blames] = report.error(element, row.code, message, name)
        return
    if isinstance(reason, PartlyWrongError):
        fields[row.field] = reason.value
        message = f"{message}: the others are used"
    elif row.default is not None:
        message = f"{message}: {_spoken(row.default)} is used"
    else:
        message = f"{message}: ignored"
    report.warning(element, row.code, message, name)


def _spoken(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(default)
    return str(default)


def _clip(text: str) -> str:
    """The beginning of a text, on one line whatever is in it: messages go into logs."""
    shown = text[:MAX_SHOWN]
    if not shown.isprintable():
        shown = shown.encode("unicode_escape").decode()
    return f"{shown}…" if len(text) > MAX_SHOWN else shown
