"""What several tests use is a helper or a fixture: no module imports from a test file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported_tests(source: str) -> Iterator[str]:
    """Each import of a module called ``test_…``, or of a name out of one, as ``line: module``."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=module, names=names):
                modules = [f"{module or ''}.{alias.name}" for alias in names]
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case _:
                continue
        for module in modules:
            if any(part.startswith("test_") for part in module.split(".")):
                yield f"{node.lineno}: {module}"


def test_no_module_imports_from_a_test_file() -> None:
    modules = sorted(
        path for room in ("tests", "benchmarks", "callapi") for path in (ROOT / room).rglob("*.py")
    )
    assert len(modules) > 100
    found = [
        f"{module.relative_to(ROOT)}:{name}"
        for module in modules
        for name in imported_tests(module.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "statement",
    [
        "from tests.signaling.test_fork import ONE",
        "from tests.signaling.test_fork import one",
        "from .test_fork import one",
        "from . import test_fork",
        "import tests.signaling.test_fork",
    ],
)
def test_check_sees(statement: str) -> None:
    assert list(imported_tests(statement))
