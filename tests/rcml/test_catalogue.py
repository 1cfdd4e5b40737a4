"""Every code that we report has its entry in the one catalogue, and the public names stay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib import rcml, sip

ROOT = Path(__file__).parents[2]
TIME_LIMIT = 14400  # seconds: a number of the same shape
CODE = re.compile(r"(?<![\w.])(?:1[1-5]|2[01]|32)\d{3}(?![\w.])")


@pytest.mark.parametrize("room", ["rcml", "sip", "calls"])
def test_every_code_in_the_source_is_in_the_catalogue(room: str) -> None:
    codes = {
        int(code)
        for path in sorted((ROOT / "chalicelib" / room).glob("*.py"))
        if path.name != "catalogue.py"
        for code in CODE.findall(path.read_text())
    }
    assert codes - rcml.CATALOGUE.keys() <= {TIME_LIMIT}


def test_entries_are_sentences_for_people() -> None:
    for meaning in rcml.CATALOGUE.values():
        assert len(meaning.name) <= 48
        assert meaning.text.endswith((".", "skipped."))


def test_public_names() -> None:
    assert rcml.__all__ == sorted(
        rcml.__all__, key=lambda name: (name[0].islower(), name != "CATALOGUE", name)
    )
    assert {"parse", "seal_passwords", "Document", "Problem", "RcmlError", "Dial", "Sip"} <= set(rcml.__all__)
    assert {"parse_uri", "invite_headers", "outcome", "best_response", "address_of", "read_uri"} <= set(
        sip.__all__
    )
