"""A problem says where it is: line and column from 1, in characters of what the customer wrote."""

from __future__ import annotations

import pytest

from chalicelib.rcml import Problem, RcmlError, parse


def first(text: str | bytes) -> Problem:
    return parse(text).problems[0]


def where(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("<Response><Sya/></Response>", (1, 11)),
        ("<Response>\n  <Sya/></Response>", (2, 3)),
        ("<Response>\r\n  <Sya/></Response>", (2, 3)),
        ("<Response>\n<Dial\n  action='/a'\n  timeout='x'>1</Dial></Response>", (4, 3)),
        ("<Response><Say>héé</Say><Sya/></Response>", (1, 25)),
        ("<Response><Say>𝄞</Say><Sya/></Response>", (1, 23)),
        ("\ufeff<Response><Sya/></Response>", (1, 11)),
        ("<Response><Say a-b='>' x='>\n' voice='q'>t</Say></Response>", (1, 16)),
        ("<Response><!-- <Sya/> --><![CDATA[<Sya/>]]><Sya/></Response>", (1, 44)),
        ("<Response><Say>a</Say><Say>b</Say><Dial><Number/></Dial></Response>", (1, 41)),
        ("<Response><Śay/></Response>", (1, 11)),
    ],
)
def test_problem_is_at_the_start_tag_or_the_attribute(text: str, place: tuple[int, int]) -> None:
    assert where(first(text)) == place
    if "\ufeff" not in text:
        assert where(first(text.encode())) == place


def test_place_counts_in_the_text_before_its_ampersands_were_repaired() -> None:
    document = parse("<Response><Play>/a?b=1&c=2&d</Play><Sya/></Response>")
    assert [(problem.code, where(problem)) for problem in document.problems] == [
        (12100, (1, 23)),
        (12100, (1, 27)),
        (12200, (1, 36)),
    ]


def test_place_counts_characters_of_the_declared_encoding() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><Response><Say>éé</Say><Sya/></Response>'
    assert where(first(text.encode("iso-8859-1"))) == (1, text.index("<Sya") + 1)


def test_error_says_where_the_document_breaks() -> None:
    with pytest.raises(RcmlError) as caught:
        parse("<Response>\n  <Play>/a?b&c</Play><Say></Response>")
    assert where(caught.value.problem) == (2, 29)  # the name in </Response>


def test_problems_come_in_the_order_of_the_text() -> None:
    document = parse("<Response>\n<Say voice='x' loop='x'>a & b</Say>\n<Sya/></Response>")
    places = [where(problem) for problem in document.problems]
    assert places == sorted(places)
    assert len(places) == 4


def test_report_of_a_document_full_of_problems_ends_somewhere() -> None:
    document = parse("<Response>" + "<x a='1'/>" * 5000 + "<Hangup/></Response>")
    assert len(document.problems) == 50
    assert len(document.verbs) == 1
