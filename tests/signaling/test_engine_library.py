"""`signaling/engine/library.py` against the C files that it binds."""

import ast
import ctypes
import re
from pathlib import Path
from typing import Any

import pytest

from signaling.engine.library import FUNCTIONS, Buffer

SIGNALING = Path(__file__).parents[2] / "signaling"
NATIVE = SIGNALING / "engine" / "native"
EXPORTED = re.compile(r"^EXPORTED ([a-z ]+?)(callapi_\w+)\(([^)]*)\)", re.MULTILINE)
NUMBERS = {
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "uint32_t": ctypes.c_uint32,
    "unsigned long long": ctypes.c_ulonglong,
    "void": None,
}
MAY_IMPORT_CTYPES = {SIGNALING / "engine" / "library.py", NATIVE / "self_test.py"}


def exported() -> dict[str, tuple[str, list[str]]]:
    """The C functions: result, and the type of each argument."""
    functions = {}
    for file in NATIVE.glob("*.c"):
        for result, name, arguments in EXPORTED.findall(file.read_text()):
            kinds = [re.sub(r"\w+(\[\d+\])?$", r"\1", one.strip()).strip() for one in arguments.split(",")]
            functions[name] = (result.strip(), [] if arguments == "void" else kinds)
    return functions


def test_each_exported_function_is_declared_and_no_other() -> None:
    assert len(exported()) > 20
    assert exported().keys() == FUNCTIONS.keys()
    lines = sum(file.read_text().count("\nEXPORTED ") for file in NATIVE.glob("*.c"))
    assert lines == len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_result_and_arguments_are_those_of_the_c_function(name: str) -> None:
    result, arguments = exported()[name]
    declared_result, declared = FUNCTIONS[name]
    assert declared_result is NUMBERS[result]
    assert len(declared) == len(arguments)
    for kind, type_ in zip(arguments, declared, strict=True):
        assert agrees(kind, type_), (kind, type_)


def agrees(kind: str, declared: Any) -> bool:
    if kind in NUMBERS:
        return declared is NUMBERS[kind]
    if kind == "const char *":
        return declared is ctypes.c_char_p
    if kind == "char *":  # written to
        return declared is ctypes.POINTER(ctypes.c_char)
    return declared not in NUMBERS.values() and declared is not ctypes.c_char_p


def test_buffer_gives_what_was_written_and_nothing_for_a_refusal() -> None:
    def drain(number: int, out: Any, size: int) -> int:
        out[0:3] = b"abc"
        assert (number, size) == (7, 8)
        return 3

    buffer = Buffer(8)
    assert buffer.filled_by(drain, 7) == b"abc"
    assert buffer.filled_by(lambda _out, _size: -1) == b""


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_no_other_module_loads_c() -> None:
    loading = {file for file in SIGNALING.rglob("*.py") if imports(file) & {"ctypes", "_pjsua2"}}
    assert loading == MAY_IMPORT_CTYPES
