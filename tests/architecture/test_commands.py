"""The commands of README and docs as they are written there: those that can be run are run, the others parsed."""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import boto3
import botocore.session
import pytest

from benchmarks.__main__ import SUBJECTS
from callapi.cli import _parser
from chalicelib.calls.routing.policy import read_policy
from tests.storage.cloud import ACCOUNT, TOKEN, Cloud, function

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n)+")
INLINE = re.compile(r"`((?:make|callapi|\.venv/bin/\w+) [^`]*)`")
SHELL = {"sh", "bash", "shell", "console"}
NAMES = {
    "ACCOUNTS_TABLE": "accounts",
    "STACK": "callapi",
    "ACCOUNT_SID": ACCOUNT,
    "AUTH_TOKEN": TOKEN,
    "API": "http://api",
}


class Command(NamedTuple):
    page: str
    text: str


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """The language of each block, ``sh`` for an indented one, and its text."""
    yield from FENCED.findall(page)
    for block in INDENTED.findall(FENCED.sub("", page)):
        yield "sh", "".join(line[4:] for line in block.splitlines(keepends=True))


def commands() -> Iterator[Command]:
    for path in PAGES:
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        for language, block in blocks(text):
            if language in SHELL:
                lines = block.replace("\\\n", " ").splitlines()
                yield from (Command(name, line.strip()) for line in lines if line.split("#")[0].strip())
        yield from (Command(name, found.replace("\n", " ")) for found in INLINE.findall(text))


def words(command: Command) -> list[str]:
    return shlex.split(command.text, comments=True)


def found(*programs: str) -> list[Command]:
    return [command for command in COMMANDS if words(command)[0].removeprefix(".venv/bin/") in programs]


COMMANDS = list(commands())
KNOWN = ("make", "callapi", "curl", "aws", "echo", "python")


def test_every_command_is_of_a_program_that_is_tried_here() -> None:
    assert len(COMMANDS) > 25
    assert [command for command in COMMANDS if command not in found(*KNOWN)] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.text[:60])
def test_shell_reads_the_command(command: Command) -> None:
    subprocess.run(["bash", "-n", "-c", command.text], check=True)


@pytest.mark.parametrize("command", found("make"), ids=lambda command: command.text[:60])
def test_target_and_variables_of_make_exist(command: Command) -> None:
    for word in words(command)[1:]:
        name, is_variable, value = word.partition("=")
        if not is_variable:
            assert re.search(rf"^{re.escape(name)}:", MAKEFILE, re.MULTILINE), name
        else:
            assert re.search(rf"\$\((or \$\()?{name}\)", MAKEFILE), name
        if name == "BENCH_ARGS":
            assert set(value.split()) <= set(SUBJECTS)


@pytest.mark.parametrize("command", found("callapi"), ids=lambda command: command.text[:60])
def test_callapi_takes_its_sub_command_and_options(command: Command) -> None:
    options = _parser().parse_args(words(command)[1:])
    assert callable(options.run)
    files = [value for value in vars(options).values() if isinstance(value, Path) and "/" in str(value)]
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("command", found("python"), ids=lambda command: command.text[:60])
def test_module_that_python_runs_exists(command: Command) -> None:
    assert words(command)[1] == "-m"
    assert importlib.util.find_spec(words(command)[2]) is not None


class Curl(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str

    @classmethod
    def read(cls, command: Command, names: Mapping[str, str]) -> Curl:
        """``-u``, ``-H``, ``-d``, ``--data-urlencode`` and one URL."""
        rest = iter(words(command)[1:])
        form: list[tuple[str, str]] = []
        headers: dict[str, str] = {}
        url = ""
        for word in rest:
            if word == "-u":
                user = base64.b64encode(filled(next(rest), names).encode()).decode()
                headers["Authorization"] = f"Basic {user}"
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word in ("-d", "--data-urlencode"):
                name, _, value = next(rest).partition("=")
                form.append((name, value))
            else:
                url = filled(word, names)
        assert "$" not in url
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return cls("POST" if form else "GET", path, headers, urlencode(form))


def filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = re.sub(rf"\${name}\b", value, text)
    return text.replace("AC…", ACCOUNT)


def test_requests_of_the_pages_are_answered(cloud: Cloud) -> None:
    names = dict(NAMES)
    with function("api") as client:
        for command in found("curl"):
            curl = Curl.read(command, names)
            headers = {"Content-Type": "application/x-www-form-urlencoded", **curl.headers}
            answer = client.http.request(curl.method, curl.path, headers=headers, body=curl.body.encode())
            assert answer.status_code in (200, 201), (command.text, answer.body)
            names["CALL_SID"] = json.loads(answer.body).get("sid", names.get("CALL_SID", ""))


def aws_call(command: Command) -> tuple[str, str, dict[str, Any]]:
    """The service, the method of its client, and the arguments, read as the AWS command line reads them."""
    _, service, operation, *rest = [filled(word, NAMES) for word in words(command)]
    method = operation.replace("-", "_")
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation.title().replace("-", "")).input_shape
    assert shape is not None
    members = {name.lower(): (name, member.type_name) for name, member in shape.members.items()}
    arguments: dict[str, Any] = {}
    for option, value in zip(rest[::2], rest[1::2], strict=True):
        name, kind = members[option.removeprefix("--").replace("-", "")]
        arguments[name] = json.loads(value) if kind in ("structure", "map", "list") else value
    return service, method, arguments


def test_aws_commands_of_the_pages_work(cloud: Cloud) -> None:
    client: Callable[..., Any] = boto3.client
    for command in found("aws"):
        service, method, arguments = aws_call(command)
        answer = getattr(client(service), method)(**arguments)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert cloud.accounts.token(ACCOUNT) == TOKEN
    row = cloud.dynamodb.get_item(TableName="accounts", Key={"pk": {"S": ACCOUNT}})["Item"]
    assert read_policy(row["policy"]["S"]).limits is not None


def test_python_and_json_of_the_pages_can_be_read() -> None:
    texts = [block for path in PAGES for block in blocks(path.read_text(encoding="utf-8"))]
    for language, text in texts:
        if language == "python":
            ast.parse(text)
        elif language == "json":
            read_policy(text)
    assert {language for language, _ in texts} <= {"", "sh", "python", "json", "xml"}
