"""Response codes to status words (docs/contract.md §3), and the best of several (RFC 3261 §16.7)."""

from __future__ import annotations

import pytest

from chalicelib.sip import best_response, outcome


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (200, "completed"),
        (202, "completed"),
        (486, "busy"),
        (600, "busy"),
        (603, "busy"),
        (408, "no-answer"),
        (480, "no-answer"),
        (487, "canceled"),
        (302, "failed"),
        (401, "failed"),
        (403, "failed"),
        (404, "failed"),
        (488, "failed"),
        (500, "failed"),
        (503, "failed"),
        (604, "failed"),
        (606, "failed"),
    ],
)
def test_final_response_becomes_the_status_of_the_leg(code: int, word: str) -> None:
    assert outcome(code) == word


@pytest.mark.parametrize(
    ("codes", "best"),
    [
        ([], None),
        ([486], 486),
        ([404, 603, 302], 603),
        ([503, 404], 404),
        ([404, 302], 302),
        ([486, 404, 401], 401),
        ([486, 407], 407),
        ([486, 415], 415),
        ([486, 420], 420),
        ([486, 484], 484),
        ([480, 486], 480),
        ([486, 480], 486),
        ([503, 500], 503),
    ],
)
def test_best_response_of_several_legs(codes: list[int], best: int | None) -> None:
    assert best_response(codes) == best
