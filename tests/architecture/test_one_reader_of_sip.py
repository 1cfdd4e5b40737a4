"""SIP is read by `chalicelib.sip` and by nobody else: a second reader of a URI or a header drifts away from the first.

What can be seen in the source: texts that are split or searched at the delimiters of a SIP URI or name-addr, compared
with its schemes, or matched against a regular expression that has one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("chalicelib", "signaling", "functions", "callapi")
READER = ROOT / "chalicelib" / "sip"
DELIMITERS = {"@", ";", "<", ">"}
SPLITTING = {
    "partition", "rpartition", "split", "rsplit", "find", "rfind", "index", "rindex", "startswith", "endswith",
    "removeprefix", "removesuffix",
}  # fmt: skip
MATCHING = {"compile", "match", "fullmatch", "search", "findall", "finditer", "split", "sub"}
SCHEMES = {"sip", "sips", "sip:", "sips:"}
OTHERS = {
    "chalicelib/rcml/values.py": "a caller id is only held to its characters: rcml knows the catalogue alone",
    "chalicelib/calls/dial/legs.py": "a noun that is no URI is shown without what may be a password",
    "chalicelib/calls/document.py": "the parameters of a media type",
    "chalicelib/webhooks/exchange.py": "the userinfo of an http URL",
}


def readings(source: str) -> Iterator[str]:
    """Each place where a SIP URI, a name-addr or a scheme of them seems to be read, as `line: expression`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr) and reads(node):
            yield f"{node.lineno}: {ast.unparse(node)}"


def reads(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)) if name in MATCHING:
            return any("sip" in text.lower() for text in texts(node.args))
        case ast.Call(func=ast.Attribute(attr=name)) if name in SPLITTING:
            return any(text in DELIMITERS | SCHEMES for text in texts(node.args))
        case ast.Compare(ops=[ast.In() | ast.NotIn(), *_]):
            return any(text in SCHEMES or text.startswith(";") for text in texts([node]))
    return False


def texts(nodes: list[ast.expr]) -> list[str]:
    parts = (part for node in nodes for part in ast.walk(node))
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_else_reads_sip(room: str) -> None:
    modules = [path for path in sorted((ROOT / room).rglob("*.py")) if READER not in path.parents]
    assert modules
    found = [
        f"{name}:{reading}"
        for module in modules
        if (name := str(module.relative_to(ROOT))) not in OTHERS
        for reading in readings(module.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("path", OTHERS)
def test_exception_is_still_needed(path: str) -> None:
    assert list(readings((ROOT / path).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "expression",
    [
        "re.compile(r'^(sips?):(.*)@')",
        "uri.partition('@')",
        "value.rpartition('>')[0]",
        "value.split(';')",
        "uri[:5].lower().startswith(('sip:', 'sips:'))",
        "scheme in ('sip', 'sips')",
        "';lr' in proxy",
    ],
)
def test_check_sees(expression: str) -> None:
    assert list(readings(f"def read(uri):\n    return {expression}\n"))
