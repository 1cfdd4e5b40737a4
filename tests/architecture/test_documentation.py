"""docs/dial-sip.md says what is so: a row for every attribute, its default, and tests that are there.

docs/restcomm-scenarios.md has the same columns: a scenario, what is asserted there and here, and our test.
docs/reliability.md names the constant of each limit.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from chalicelib.rcml import schema

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dial-sip.md"
SCENARIOS = ROOT / "docs" / "restcomm-scenarios.md"
STATUSES = {"yes", "partly", "not yet"}
TEST = re.compile(r"`([^`]+\.py)::([^`]+)`")
RELIABILITY = ROOT / "docs" / "reliability.md"
LIMIT = re.compile(r"^\| [^|]+ \| ([0-9,]+) \| [^|]*\| `([^`]+)::([^`]+)` \|$", re.MULTILINE)


class Row(NamedTuple):
    section: str
    subject: str
    default: str
    meaning: str
    status: str
    test: str


def rows(page: Path = PAGE) -> Iterator[Row]:
    section = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = line.strip("# ")
        elif line.startswith("|") and not line.startswith(("| row |", "|---")):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 5, f"not five cells: {line}"
            yield Row(section, *cells)


@cache
def names_in(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.exists():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def spoken(default: object) -> str:
    if default in (None, ""):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return ", ".join(default) if isinstance(default, tuple) else str(default)


@pytest.mark.parametrize(
    ("element", "known"),
    [("Dial", schema.DIAL), ("Sip", schema.SIP), ("Number", schema.NUMBER), ("Client", schema.CLIENT)],
)
def test_every_attribute_that_the_parser_knows_has_a_row_with_its_default(
    element: str, known: schema.Schema
) -> None:
    page = {row.subject.strip("`"): row.default for row in rows() if row.section == f"`<{element}>`"}
    shown = {name: page.get(name, "no row").replace("none", "") for name in known.attributes}
    assert shown == {name: spoken(attribute.default) for name, attribute in known.attributes.items()}


@pytest.mark.parametrize("page", [PAGE, SCENARIOS], ids=lambda page: page.stem)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = [(path, name) for row in rows(page) for path, name in TEST.findall(row.test)]
    assert named
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


@pytest.mark.parametrize("page", [PAGE, SCENARIOS], ids=lambda page: page.stem)
def test_every_row_says_whether_it_works_and_what_works_names_its_test(page: Path) -> None:
    found = list(rows(page))
    assert {row.status for row in found} <= STATUSES
    assert [row.subject for row in found if row.status != "not yet" and not TEST.search(row.test)] == []
    assert [row.subject for row in found if TEST.sub("", row.test).strip(" ,")] == []


CONTRACT = ROOT / "docs" / "contract.md"
CITATION = re.compile(r"contract\.md\)? (§\d+(?:(?:, | and )§\d+)*)")
MENTION = re.compile(r"contract\.md\)? §")


def citing_texts() -> Iterator[tuple[str, str]]:
    """Every source and page that may cite the contract, except this test."""
    for room in ("chalicelib", "signaling", "functions", "callapi", "benchmarks", "tests", "docs", "infra"):
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in {".py", ".md", ".c", ".h", ".yaml", ".sh"} and path != Path(__file__):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_every_section_of_the_contract_that_is_cited_exists() -> None:
    sections = set(re.findall(r"^## (\d+)\. ", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE))
    texts = list(citing_texts())
    cited = [
        (path, number)
        for path, text in texts
        for found in CITATION.findall(text)
        for number in re.findall(r"\d+", found)
    ]
    assert len(cited) > 35
    assert [f"{path}: §{number}" for path, number in cited if number not in sections] == []
    assert [path for path, text in texts if len(MENTION.findall(text)) != len(CITATION.findall(text))] == []
    assert [path for path, text in texts if re.search("CONTRACT " + "§", text)] == []


LIMITS = LIMIT.findall(RELIABILITY.read_text(encoding="utf-8"))


def test_every_limit_names_where_it_stands() -> None:
    lines = RELIABILITY.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|") and "::" in line]
    assert len(LIMITS) == len(rows) > 25


def part_of(value: object, name: str) -> object:
    """What ``name`` is in a module or a class; of a struct's field the default."""
    if isinstance(value, type) and issubclass(value, msgspec.Struct):
        return {field.name: field.default for field in msgspec.structs.fields(value)}[name]
    return getattr(value, name)


@pytest.mark.parametrize(("limit", "path", "name"), LIMITS)
def test_limit_is_that_of_the_code(limit: str, path: str, name: str) -> None:
    number = int(limit.replace(",", ""))
    if path.endswith(".h"):
        found = re.search(rf"^#define {name} +([0-9]+)$", (ROOT / path).read_text(), re.MULTILINE)
        assert found is not None
        assert int(found[1]) == number
        return
    value: object = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        value = part_of(value, part)
    assert value == number
