"""Reads CloudFormation templates as data, with ``!Ref`` and its like written out as JSON has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # no stubs among the dependencies

Template = dict[str, Any]


def load_template(path: Path) -> Template:
    """The template in ``path``; ``!Ref X`` is ``{"Ref": "X"}``, ``!Sub`` and all others ``{"Fn::Sub": …}``.

    Aliases and merge keys, which CloudFormation does not take, are resolved.  Raises yaml.YAMLError.
    """
    template: Template = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  # a SafeLoader
    return template


def _function(loader: Any, name: str, node: Any) -> dict[str, object]:
    value = _value(loader, node)
    if name in ("Ref", "Condition"):
        return {name: value}
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{name}": value}


def _value(loader: Any, node: Any) -> object:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return node.value


_Loader: Any = type("_Loader", (yaml.SafeLoader,), {})
_Loader.add_multi_constructor("!", _function)
