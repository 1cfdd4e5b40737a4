"""A process's settings: the variables of its environment, read and checked once, when it starts.

The settings of a process are a frozen dataclass.  Each field is the variable of the same name in upper case; its
annotation says what the variable may be, its default what holds while the variable is not set or blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Kind = TypeVar("Kind", bound=DataclassInstance)


class SettingsError(Exception):
    """A variable of the environment is missing or has a wrong value; the text names it, and never shows the value."""


@dataclass(frozen=True)
class Bounds:
    """The smallest and the largest value of a number, as in ``Annotated[int, Bounds(0, 65535)]``."""

    least: int
    most: int


def read_environment(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """The settings ``kind``.  Its fields are ``str``, ``bool``, ``Literal`` of texts, ``int`` with ``Bounds``, or
    ``tuple[str, ...]``, which stands in the environment with commas between.

    Raises SettingsError for the first variable that cannot be used.
    """
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, Any] = {}
    for field in fields(kind):
        name = field.name.upper()
        text = environment.get(name, "").strip()
        if text:
            found[field.name] = _value(name, text, hints[field.name])
        elif field.default is MISSING:
            raise SettingsError(f"{name} is not set")
    return kind(**found)


def _value(name: str, text: str, hint: Any) -> str | int | bool | tuple[str, ...]:
    if hint is bool:
        return _truth(name, text)
    if get_origin(hint) is Annotated:
        (bounds,) = hint.__metadata__
        return _number(name, text, bounds)
    if get_origin(hint) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if get_origin(hint) is Literal and text not in get_args(hint):
        raise SettingsError(f"{name} is none of {', '.join(get_args(hint))}")
    return text


def _number(name: str, text: str, bounds: Bounds) -> int:
    if not text.isascii() or not text.isdigit() or not bounds.least <= int(text) <= bounds.most:
        raise SettingsError(f"{name} is not a number from {bounds.least} to {bounds.most}")
    return int(text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise SettingsError(f"{name} is neither true nor false")
    return text.lower() == "true"
