"""The engine gets its time, its ids and its input with the event: `rcml`, `sip` and `calls` take nothing by themselves.

The import table in `pyproject.toml` forbids the modules; this forbids what an allowed module also offers, as
`datetime.now()` beside `datetime`. Simulation, replay and the property tests stand on it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("rcml", "sip", "calls")
# Calls by the last name, whatever they are called on: datetime.now(), date.today(), dt.datetime.utcnow(), os.getenv().
IMPURE_METHODS = {
    "now", "utcnow", "today", "getenv", "urandom", "getpid", "read_text", "read_bytes", "write_text", "write_bytes",
}  # fmt: skip
IMPURE_FUNCTIONS = {"open", "input", "print", "__import__", "exec", "eval"}
IMPURE_ATTRIBUTES = {"environ"}
# urllib.parse is pure, urllib.request is not; the import linter sees only "urllib".
IMPURE_MODULES = {"urllib.request", "urllib.error"}


def impurities(source: str) -> Iterator[str]:
    """Each use of a clock, of randomness, of the environment or of a file, as `line: name`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_FUNCTIONS:
                yield f"{node.lineno}: {name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in IMPURE_METHODS:
                yield f"{node.lineno}: .{name}()"
            case ast.Attribute(attr=name) if name in IMPURE_ATTRIBUTES:
                yield f"{node.lineno}: .{name}"
            case ast.ImportFrom(module=str(name)) if name in IMPURE_MODULES:
                yield f"{node.lineno}: {name}"
            case ast.Import(names=names) if IMPURE_MODULES & {alias.name for alias in names}:
                yield f"{node.lineno}: {', '.join(alias.name for alias in names)}"


@pytest.mark.parametrize("package", PURE)
def test_package_takes_no_time_no_chance_and_no_input_by_itself(package: str) -> None:
    modules = sorted((ROOT / "chalicelib" / package).rglob("*.py"))
    assert modules
    found = [
        f"{module.relative_to(ROOT)}:{impurity}"
        for module in modules
        for impurity in impurities(module.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "statement",
    [
        "import urllib.request",
        "from urllib.request import urlopen",
        "datetime.now()",
        "dt.datetime.now(tz=UTC)",
        "date.today()",
        "os.environ['X']",
        "os.getenv('X')",
        "open('f')",
        "print(1)",
        "Path('f').read_text()",
    ],
)
def test_check_sees(statement: str) -> None:
    assert list(impurities(f"def step():\n    {statement}\n"))
