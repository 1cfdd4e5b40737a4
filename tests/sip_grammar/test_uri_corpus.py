"""Every URI of ``uris.json`` reads as it says there, or fails with the code that it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sip import InvalidSipUri, parse_uri, read_uri

CORPUS = json.loads((Path(__file__).parent / "uris.json").read_text())


def named(entry: dict[str, Any]) -> str:
    return f"{entry['why']}: {entry['uri'][:40]!a}"


@pytest.mark.parametrize("entry", CORPUS["valid"], ids=named)
def test_valid_uri_is_read(entry: dict[str, Any]) -> None:
    uri = parse_uri(entry["uri"])
    assert (uri.scheme, uri.user, uri.host, uri.port) == (
        entry["scheme"],
        entry["user"],
        entry["host"],
        entry["port"],
    )
    assert [list(pair) for pair in uri.parameters] == entry["parameters"]
    assert [list(pair) for pair in uri.headers] == entry["headers"]
    assert uri.transport == entry["transport"]
    assert [warning.code for warning in uri.warnings] == entry["warnings"]
    assert uri.without_headers == entry["dialled"]


@pytest.mark.parametrize("entry", CORPUS["valid"], ids=named)
def test_what_is_dialled_reads_as_itself(entry: dict[str, Any]) -> None:
    dialled = parse_uri(entry["uri"]).without_headers
    assert parse_uri(dialled).without_headers == dialled


@pytest.mark.parametrize("entry", CORPUS["valid"], ids=named)
def test_valid_uri_of_a_peer_is_read_like_a_customers(entry: dict[str, Any]) -> None:
    assert read_uri(entry["uri"]) == parse_uri(entry["uri"])


@pytest.mark.parametrize("entry", CORPUS["invalid"], ids=named)
def test_invalid_uri_of_a_peer_is_read_as_far_as_it_goes(entry: dict[str, Any]) -> None:
    assert read_uri(entry["uri"]).scheme in ("", "sip", "sips")


@pytest.mark.parametrize("entry", CORPUS["invalid"], ids=named)
def test_invalid_uri_fails_with_its_code(entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidSipUri) as caught:
        parse_uri(entry["uri"])
    assert caught.value.code == entry["code"]
    assert len(str(caught.value)) < 120
