"""How the source hangs together: no circles, no long chains of imports, no long files, no tangled functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("chalicelib", "signaling", "functions", "callapi")
SOURCES = sorted(path for room in (*ROOMS, "benchmarks", "tests") for path in (ROOT / room).rglob("*.py"))
MOST_LINES = 300
MOST_BRANCHES = 10
LONGEST_CHAIN = {"signaling": 8, "chalicelib.calls": 9}
BRANCHES = (
    ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.With, ast.AsyncWith, ast.Assert,
    ast.comprehension, ast.match_case,
)  # fmt: skip


@cache
def graph() -> grimp.ImportGraph:
    """Imports for the type checker count: who reads a file has to follow them all the same."""
    return grimp.build_graph(*ROOMS, exclude_type_checking_imports=False)


def imports(room: str) -> dict[str, set[str]]:
    """Of every module of ``room``: the modules of ``room`` that it imports.  A package's own file is left out."""
    packages = {module for module in graph().modules if graph().find_children(module)}
    within = {module for module in graph().modules if f"{module}.".startswith(f"{room}.")} - packages
    return {module: graph().find_modules_directly_imported_by(module) & within for module in within}


@pytest.mark.parametrize("room", ROOMS)
def test_no_modules_import_each_other_in_a_circle(room: str) -> None:
    try:
        TopologicalSorter(imports(room)).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(("room", "longest"), LONGEST_CHAIN.items())
def test_no_chain_of_imports_is_long(room: str, longest: int) -> None:
    chains: dict[str, tuple[str, ...]] = {}
    found = imports(room)
    for module in TopologicalSorter(found).static_order():
        chains[module] = (module, *max((chains[each] for each in found[module]), key=len, default=()))
    chain = max(chains.values(), key=len)
    assert len(chain) <= longest, " -> ".join(chain)


def test_no_file_is_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def complexity(function: ast.AST) -> int:
    """McCabe's number, with one more for each ``and`` and ``or``."""
    nodes = list(ast.walk(function))
    operators = sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))
    return 1 + sum(isinstance(node, BRANCHES) for node in nodes) + operators


def test_complexity_counts_branches_and_operators() -> None:
    tree = ast.parse("def f(a, b):\n    if a and b or not a:\n        return [x for x in a if x]\n")
    assert complexity(tree.body[0]) == 5


@pytest.mark.parametrize("room", ROOMS)
def test_no_function_is_tangled(room: str) -> None:
    tangled = {
        f"{path.relative_to(ROOT)}::{function.name}": complexity(function)
        for path in SOURCES
        if path.is_relative_to(ROOT / room)
        for function in functions(path)
        if complexity(function) > MOST_BRANCHES
    }
    assert tangled == {}
