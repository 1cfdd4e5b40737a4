"""Every code that we report is a name of the one catalogue, and every name of it is reported somewhere."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chalicelib.calls.session import Value
from chalicelib.catalogue import Code
from chalicelib.storage.table import from_wire, to_wire

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "chalicelib" / "catalogue.py"
SOURCES = sorted(
    path
    for room in ("chalicelib", "signaling", "functions", "callapi")
    for path in (ROOT / room).rglob("*.py")
    if path != CATALOGUE
)


def numbers(source: str) -> Iterator[tuple[int, int]]:
    """Each integer literal that is a code, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in set(Code):
            yield node.lineno, node.value


def named(source: str) -> Iterator[str]:
    """Each member of `Code` that is named."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="Code"), attr=name):
                yield name


def test_code_is_written_by_its_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {number}"
        for path in SOURCES
        for line, number in numbers(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_code_is_reported_somewhere() -> None:
    used = {name for path in SOURCES for name in named(path.read_text(encoding="utf-8"))}
    assert set(Code.__members__) - used == set()


@pytest.mark.parametrize("statement", ["NO_MEDIA = 32018", "fail(32_018)", "a, b = 1, 32018", "{32018: 1}"])
def test_check_sees_a_number(statement: str) -> None:
    assert list(numbers(f"def f():\n    {statement}\n")) == [(2, 32018)]


def test_check_sees_a_name() -> None:
    assert list(named("fail(Code.NO_MEDIA)\nCode\n'Code.CONFLICT'")) == ["NO_MEDIA"]


def test_every_code_has_a_title_and_a_sentence_for_people() -> None:
    assert len({int(code) for code in Code}) == len(Code.__members__)
    for code in Code:
        assert 10_000 <= code < 100_000
        assert 0 < len(code.title) <= 48
        assert code.text.endswith((".", "skipped."))


class Told(Value, frozen=True):
    error: int = 0


def test_code_is_its_digits_wherever_it_goes() -> None:
    code = Code.NO_MEDIA
    assert (str(code), f"{code}", "%s" % code) == ("32018",) * 3  # noqa: UP031  as logging does it
    assert json.dumps({"code": code}) == '{"code": 32018}'
    assert msgspec.json.encode(Told(code)).endswith(b'"error":32018}')
    assert type(msgspec.to_builtins(Told(code))["error"]) is int
    assert to_wire({"error": code}) == {"error": {"N": "32018"}}
    assert from_wire(to_wire({"error": code})) == {"error": 32018}


def test_number_of_dynamodb_keeps_every_digit() -> None:
    numbers = {"at": 1764335817.123456, "small": 1e-7, "count": -3}
    assert from_wire(to_wire(numbers)) == numbers
