"""The task's log: JSON lines of the same shape as the functions', and no exception's message among them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.log_lines import LineFormatter, StandardError

SECRET = 'the "document"\nof a customer \ud800'


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    log = logging.Logger("signaling.b2bua.session")
    log.addHandler(StandardError(LineFormatter("signaling")))
    yield log
    log.handlers.clear()


def line(captured: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out, err = captured.readouterr()
    assert out == ""
    assert err.isascii()
    (text,) = err.splitlines()
    found: dict[str, Any] = json.loads(text)
    return found


def fail() -> None:
    error = ValueError(SECRET)
    error.add_note(SECRET)
    raise error


def test_line_says_what_where_when_and_who(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log.info("%d for %s came too late", 180, "CA1", extra={"correlation_id": "CA2"})
    found = line(capsys)
    assert found.pop("timestamp").endswith("+00:00")
    assert found.pop("location").startswith("test_line_says_what_where_when_and_who:")
    assert found == {
        "level": "INFO",
        "message": "180 for CA1 came too late",
        "name": "signaling.b2bua.session",
        "service": "signaling",
        "correlation_id": "CA2",
    }


def test_exception_is_its_type_and_its_way_without_its_message(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        fail()
    except ValueError:
        log.exception("REFER")
    found = line(capsys)
    assert found["exception_name"] == "ValueError"
    first, last = found["exception"].split(" > ")
    assert first.startswith("test_exception_is_its_type_and_its_way_without_its_message:")
    assert last.startswith("fail:")
    assert "customer" not in json.dumps(found)


def test_text_from_the_wire_stays_in_its_line(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    log.warning("%s", SECRET)
    assert line(capsys)["message"] == SECRET


def test_record_that_cannot_be_formatted_ends_nothing(
    log: logging.Logger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log.warning("%d", "no number")
    assert capsys.readouterr().err == ""
