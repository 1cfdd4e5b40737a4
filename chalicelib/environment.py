"""A process's settings: the variables of its environment, read and checked once, when it starts.

The settings of a process are a frozen msgspec struct, defined in a tenth of a dataclass's time.  Each field is the
variable of the same name in upper case; its annotation says what the variable may be, its default what holds while the
variable is not set or blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

Kind = TypeVar("Kind", bound=msgspec.Struct)


class SettingsError(Exception):
    """A variable of the environment is missing or has a wrong value; the text names it, and never shows the value."""


def read_environment(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """The settings ``kind``.  Its fields are ``str``, ``bool``, ``Literal`` of texts, ``tuple[str, ...]``, which stands
    in the environment with commas between, or ``int`` with bounds: ``Annotated[int, Meta(ge=0, le=65535)]``.

    Raises SettingsError for the first variable that cannot be used.
    """
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = field.name.upper()
        text = environment.get(name, "").strip()
        if text:
            found[field.name] = _value(name, text, field.type)
        elif field.required:
            raise SettingsError(f"{name} is not set")
    return kind(**found)


def _value(name: str, text: str, hint: Any) -> str | int | bool | tuple[str, ...]:
    if hint is bool:
        return _truth(name, text)
    if get_origin(hint) is Annotated:
        (bounds,) = hint.__metadata__
        return _number(name, text, bounds.ge, bounds.le)
    if get_origin(hint) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if get_origin(hint) is Literal and text not in get_args(hint):
        raise SettingsError(f"{name} is none of {', '.join(get_args(hint))}")
    return text


def _number(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is not a number from {least} to {most}")
    return int(text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise SettingsError(f"{name} is neither true nor false")
    return text.lower() == "true"
