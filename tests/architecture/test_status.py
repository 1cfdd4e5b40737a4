"""A SIP response code is a name of `Status`, and every name of it is sent or judged somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chalicelib.calls.commands import Reject
from chalicelib.sip.status import Status, is_final

ROOT = Path(__file__).parents[2]
ROOMS = (
    "chalicelib/sip", "chalicelib/calls", "chalicelib/registrar",
    "signaling/b2bua", "signaling/engine", "signaling/registrar", "signaling/routing",
)  # fmt: skip
SOURCES = sorted(
    path
    for room in ("chalicelib", "signaling")
    for path in (ROOT / room).rglob("*.py")
    if path.name != "status.py"
)
ENGINE_TESTS = ROOT / "signaling" / "engine" / "native"


def passed(source: str) -> Iterator[tuple[int, int]]:
    """Each integer literal that is a status and is given to a call, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                if (
                    isinstance(given, ast.Constant)
                    and type(given.value) is int
                    and given.value in set(Status)
                ):
                    yield given.lineno, given.value


def test_status_is_sent_by_its_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {number}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if ENGINE_TESTS not in path.parents
        for line, number in passed(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_check_sees_a_number() -> None:
    assert list(passed("leg.respond(180)\nReject(sid, code=404)\nMOST = 200\n")) == [(1, 180), (2, 404)]


def test_every_status_is_named_somewhere() -> None:
    named = {
        node.attr
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Status"
    }
    assert set(Status.__members__) - named == set()


def test_status_is_its_digits_on_the_wire() -> None:
    assert f"SIP/2.0 {Status.DECLINE}" == "SIP/2.0 603"
    assert msgspec.to_builtins(Reject("CA1", Status.NOT_FOUND))["code"] == 404
    assert msgspec.json.encode({"sipCode": Status.BUSY_HERE}) == b'{"sipCode":486}'


@pytest.mark.parametrize(
    ("code", "final"), [(100, False), (199, False), (200, True), (302, True), (603, True)]
)
def test_response_from_200_on_is_final(code: int, *, final: bool) -> None:
    assert is_final(code) == final
