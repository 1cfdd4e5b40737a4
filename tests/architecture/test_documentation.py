"""docs/dial-sip.md is true: a row for every attribute with its default, and the code and tests of each row exist.

docs/restcomm-scenarios.md has the same columns but for the code: a scenario, what is asserted there and here, our test.
docs/reliability.md names the constant of each limit.  Sections of docs/contract.md that are cited exist.
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
CODE = re.compile(r"`([^`:]+)::([^`]+)`")
RELIABILITY = ROOT / "docs" / "reliability.md"
LIMIT = re.compile(r"^\| [^|]+ \| ([0-9,]+) \| [^|]*\| `([^`]+)::([^`]+)` \|$", re.MULTILINE)


class Row(NamedTuple):
    section: str
    subject: str
    default: str
    meaning: str
    status: str
    code: str
    test: str


def rows(page: Path = PAGE) -> Iterator[Row]:
    """The rows of ``page``; ``code`` is empty on a page without that column."""
    section, columns = "", 0
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("#"):
            section = line.strip("# ")
        elif line.startswith("| row |"):
            columns = len(cells)
        elif line.startswith("|") and not line.startswith("|---"):
            assert len(cells) == columns in (5, 6), f"not as many cells as columns: {line}"
            row, default, meaning, status, *code, test = cells
            yield Row(section, row, default, meaning, status, "".join(code), test)


def definitions(tree: ast.AST) -> Iterator[str]:
    """The functions and classes of a module, and the names that it assigns."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


@cache
def names_in(path: str) -> frozenset[str]:
    """The names by which a page may speak of parts of a file; of one that is not Python all its words."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        return frozenset(re.findall(r"[A-Za-z_][\w.-]*", text))
    return frozenset(definitions(ast.parse(text)))


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


def test_every_row_names_the_code_that_decides_it() -> None:
    found = list(rows(PAGE))
    assert [row.subject for row in found if row.status != "not yet" and not CODE.search(row.code)] == []
    assert [row.subject for row in found if CODE.sub("", row.code).strip()] == []
    named = [(path, name) for row in found for path, name in CODE.findall(row.code)]
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []
    assert [path for path, _ in named if path.startswith("tests/")] == []


ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
OURS = re.compile(r"`((?:chalicelib|signaling|functions|callapi|tests|infra|examples)/[^`<>{}*… ]*)`")


def test_every_hop_of_the_architecture_page_exists() -> None:
    named = CODE.findall(ARCHITECTURE.read_text(encoding="utf-8"))
    assert len(named) >= 6
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_every_room_is_on_the_architecture_page() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rooms = [path.parent.relative_to(ROOT) for path in sorted((ROOT / "chalicelib").glob("*/__init__.py"))]
    rooms += [
        path.parent.relative_to(ROOT / "signaling") for path in (ROOT / "signaling").glob("*/__init__.py")
    ]
    assert len(rooms) > 12
    assert [str(room) for room in rooms if f"`{room}/`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    paths = [found.partition("::")[0] for found in OURS.findall(page.read_text(encoding="utf-8"))]
    assert [path for path in paths if not (ROOT / path).exists()] == []


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
