"""The verbs beside Dial: their attributes and defaults, and what a wrong or unknown element does."""

from __future__ import annotations

import pytest

from chalicelib.rcml import Gather, Hangup, Pause, Play, Redirect, Reject, Say, Verb, parse

from .documents import codes


def only(markup: str) -> tuple[Verb, list[int]]:
    document = parse(f"<Response>{markup}</Response>")
    (verb,) = document.verbs
    return verb, codes(document)


@pytest.mark.parametrize(
    ("markup", "verb"),
    [
        ("<Say> Hello </Say>", Say(1, "Hello", "man", "en", 1)),
        ('<Say voice="Woman" language="FR" loop="0">Salut</Say>', Say(1, "Salut", "woman", "fr", 0)),
        ("<Say><![CDATA[a < b & c]]></Say>", Say(1, "a < b & c", "man", "en", 1)),
        ("<Say>one<!-- note -->two</Say>", Say(1, "onetwo", "man", "en", 1)),
        ('<Play loop="3"> /a.wav </Play>', Play(1, "/a.wav", 3)),
        ("<Pause/>", Pause(1, 1)),
        ('<Pause length="5"/>', Pause(1, 5)),
        ("<Redirect>/next</Redirect>", Redirect(1, "/next", "POST")),
        ('<Redirect method="GET">/next?a=1&amp;b=2</Redirect>', Redirect(1, "/next?a=1&b=2", "GET")),
        ("<Reject/>", Reject(1, "rejected")),
        ('<Reject reason="busy"/>', Reject(1, "busy")),
        ("<Hangup/>", Hangup(1)),
        (
            "<Gather/>",
            Gather(1, None, "POST", 5, "#", None, "dtmf", "en-US", "", None, "POST", ()),
        ),
        (
            '<Gather action="/d" method="GET" timeout="9" finishOnKey="" numDigits="4" input="speech dtmf"'
            ' language="it-it" hints="si, no" partialResultCallback="/p" partialResultCallbackMethod="GET">'
            "<Say>Press</Say><Play>/b.wav</Play><Pause/></Gather>",
            Gather(
                1, "/d", "GET", 9, "", 4, "dtmf speech", "it-IT", "si, no", "/p", "GET",
                (Say(1, "Press", "man", "en", 1), Play(1, "/b.wav", 1), Pause(1, 1)),
            ),
        ),
    ],
)  # fmt: skip
def test_verb_is_read(markup: str, verb: Verb) -> None:
    assert only(markup) == (verb, [])


@pytest.mark.parametrize(
    ("wrong", "plain", "code"),
    [
        ('<Say voice="child">x</Say>', "<Say>x</Say>", 13511),
        ('<Say language="tlh">x</Say>', "<Say>x</Say>", 13512),
        ('<Say loop="-1">x</Say>', "<Say>x</Say>", 13510),
        ('<Play loop="x">/a</Play>', "<Play>/a</Play>", 13410),
        ('<Pause length="0"/>', "<Pause/>", 13910),
        ('<Redirect method="x">/a</Redirect>', "<Redirect>/a</Redirect>", 13710),
        ('<Reject reason="tired"/>', "<Reject/>", 12200),
        ('<Gather method="x"/>', "<Gather/>", 13312),
        ('<Gather timeout="0"/>', "<Gather/>", 13313),
        ('<Gather finishOnKey="##"/>', "<Gather/>", 13310),
        ('<Gather finishOnKey="A"/>', "<Gather/>", 13310),
        ('<Gather numDigits="0"/>', "<Gather/>", 13314),
        ('<Gather action="a b"/>', "<Gather/>", 11100),
        ('<Gather input="thought"/>', "<Gather/>", 12200),
        ('<Gather language="xx"/>', "<Gather/>", 12200),
        ("<Gather><Dial>1</Dial></Gather>", "<Gather/>", 13320),
        ("<Say>x<break/></Say>", "<Say>x</Say>", 12200),
        ("<Hangup now='1'/>", "<Hangup/>", 12200),
    ],
)
def test_wrong_value_is_a_warning_and_the_default_is_used(wrong: str, plain: str, code: int) -> None:
    assert only(wrong) == (only(plain)[0], [code])


@pytest.mark.parametrize(
    ("markup", "code"),
    [
        ("<Say> </Say>", 13520),
        ("<Play/>", 11100),
        ("<Play>ftp://x/a.wav</Play>", 11100),
        ("<Redirect/>", 11100),
        ("<Sya>x</Sya>", 12200),
        ("<say>x</say>", 12200),
        ("<Record/>", 12200),
        ("<Sms>x</Sms>", 12200),
        ("<Fax>x</Fax>", 12200),
        ("<Email>x</Email>", 12200),
        ("<Enqueue>x</Enqueue>", 12200),
    ],
)
def test_verb_that_cannot_run_is_skipped_and_the_next_one_runs(markup: str, code: int) -> None:
    document = parse(f"<Response>{markup}<Hangup/></Response>")
    assert document.verbs == (Hangup(1),)
    assert codes(document) == [code]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<Sya/>", "did you mean Say?"),
        ("<gather/>", "did you mean Gather?"),
        ('<Pause lenght="2"/>', "did you mean length?"),
        ("<Record/>", "<Record> is not supported yet"),
    ],
)
def test_message_says_what_was_probably_meant(markup: str, words: str) -> None:
    (problem,) = parse(f"<Response>{markup}</Response>").problems
    assert words in problem.message


def test_message_shows_a_strangers_text_on_one_line_and_not_all_of_it() -> None:
    (problem,) = parse(f'<Response><Pause length="{"x" * 500}&#10;"/></Response>').problems
    (other,) = parse('<Response><Pause length="1&#10;ERROR forged"/></Response>').problems
    assert len(problem.message) < 150
    assert "\n" not in other.message


def test_namespace_of_an_element_does_not_matter() -> None:
    document = parse('<r:Response xmlns:r="urn:x" xmlns="urn:y"><Say>a</Say><r:Pause/></r:Response>')
    assert [type(verb) for verb in document.verbs] == [Say, Pause]
    assert document.problems == ()


def test_attributes_of_another_vocabulary_are_nobodys_business() -> None:
    schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    assert parse(f'<Response {schema}><Say xml:lang="de" xsi:x="1">a</Say></Response>').problems == ()


def test_empty_response_is_a_document_that_does_nothing() -> None:
    assert parse("<Response/>").verbs == ()
