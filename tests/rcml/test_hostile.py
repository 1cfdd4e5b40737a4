"""Documents that break the rules: an `RcmlError` with its code, never another exception, never much time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalogue import Code
from chalicelib.rcml import Hangup, Problem, RcmlError, Say, parse

LIMIT = 64 * 1024

BILLION_LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Response><Say>&c;</Say></Response>'
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "<Response>",
        "<Response><Say>x</Response>",
        "<Response></Response><Response/>",
        "<Response a='1' a='2'/>",
        "<Response><r:Say/></Response>",
        "<Response>\x00</Response>",
        "<Response>\ud800</Response>",
        "\n<?xml version='1.0'?><Response/>",
        b"<Response>\xe9</Response>",
        b"\xff\xfe<",
        b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><Response/>',
        b'<?xml version="1.0" encoding="utf-7"?><Response/>',
        b'<?xml version="1.0" encoding="utf-16"?><Response/>',
        "<!DOCTYPE Response><Response/>",
        '<!DOCTYPE Response SYSTEM "http://127.0.0.1:1/x.dtd"><Response/>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>',
        BILLION_LAUGHS,
        BILLION_LAUGHS.encode("utf-16"),
        "<!-- " + BILLION_LAUGHS,
        "<Response>" + "<Say>" * 9000,
    ],
)
def test_what_is_not_well_formed_or_declares_something_is_12100(text: str | bytes) -> None:
    with pytest.raises(RcmlError) as caught:
        parse(text)
    assert caught.value.problem.code == 12100
    assert caught.value.problem.severity == "error"


@pytest.mark.parametrize("text", ["<response/>", "<html><body/></html>", "<Dial>1</Dial>"])
def test_other_root_is_12102(text: str) -> None:
    with pytest.raises(RcmlError) as caught:
        parse(text)
    assert caught.value.problem.code == 12102


def test_document_of_64_kib_runs_and_one_byte_more_does_not() -> None:
    room = LIMIT - len("<Response><Say></Say></Response>")
    fitting = "é" + "x" * (room - 2)  # two bytes, one character
    assert parse(f"<Response><Say>{fitting}</Say></Response>").problems == ()
    for longer in (f"<Response><Say>{fitting}x</Say></Response>", b"x" * 10_000_000):
        with pytest.raises(RcmlError) as caught:
            parse(longer)
        assert caught.value.problem.code == 11750


@pytest.mark.parametrize(
    "text",
    [
        "<Response><Say>see <![CDATA[<!DOCTYPE x>]]></Say></Response>",
        "<!-- <!DOCTYPE x> --><Response><Say>see</Say></Response>",
    ],
)
def test_word_doctype_where_it_declares_nothing_is_harmless(text: str) -> None:
    assert isinstance(parse(text).verbs[0], Say)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("ISO-8859-1", "iso-8859-1"),
        ("Windows-1252", "windows-1252"),
        ("UTF-16", "utf-16"),
    ],
)
def test_declared_encoding_is_read(declared: str, codec: str) -> None:
    text = (
        f"<?xml version='1.0' encoding='{declared}' standalone='yes'?><Response><Say>Grüße</Say></Response>"
    )
    for document in (parse(text.encode(codec)), parse(text)):
        (verb,) = document.verbs
        assert isinstance(verb, Say)
        assert verb.text == "Grüße"


def test_depth_is_no_way_in() -> None:
    depth = 200
    document = parse("<Response><Say>x" + "<b>" * depth + "</b>" * depth + "</Say><Hangup/></Response>")
    assert document.verbs[-1] == Hangup(1)
    with pytest.raises(RcmlError):
        parse("<Response>" + "<b>" * 9000 + "</b>" * 7000 + "</Response>")


def test_message_of_a_syntax_error_does_not_quote_the_document() -> None:
    for text in (
        '<Response><Dial><Sip password="Top"Secret">sip:a@b</Sip></Dial></Response>',
        "<Response><Dial><Sip password=TopSecret>sip:a@b</Sip></Dial></Response>",
        '<Response><Dial><Sip password="x" TopSecret>sip:a@b</Sip></Dial></Response>',
        "<Response><TopSecret></Response>",
    ):
        with pytest.raises(RcmlError) as caught:
            parse(text)
        error: BaseException | None = caught.value
        while error is not None:
            assert "Secret" not in f"{error} {error!r}"
            error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "unit",
    [
        "&",
        "&#1",
        "<!--",
        "<![CDATA[",
        "<?a",
        "<a ",
        "<a>",
        "<a b='&'/>",
        "<x/>",
        "<Dial callerId='&'/>",
        "<Dial x='1'><Sip y='2' method='z'/></Dial>",
        "\n",
        "]]>",
    ],
)
def test_time_of_a_full_size_document_stays_small(unit: str) -> None:
    body = unit * ((LIMIT - 30) // len(unit))
    started = time.thread_time()
    for text in (f"<Response>{body}</Response>", body, f"<Response {body}"):
        try:
            parse(text)
        except RcmlError:
            continue
    assert time.thread_time() - started < 3


NAMES = [
    "Response",
    "Dial",
    "Sip",
    "Number",
    "Client",
    "Video",
    "Say",
    "Gather",
    "Play",
    "Pause",
    "Reject",
    "x:y",
]
ATTRIBUTES = [
    "action",
    "timeout",
    "callerId",
    "name",
    "url",
    "password",
    "statusCallbackEvent",
    "enable",
    "loop",
    "q",
]
ANY = st.text(max_size=12)


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attribute = st.builds("{}='{}'".format, st.sampled_from(ATTRIBUTES), ANY)
    return st.builds(
        lambda name, attributes, inside: f"<{name} {' '.join(attributes)}>{''.join(inside)}</{name}>",
        st.sampled_from(NAMES),
        st.lists(attribute, max_size=3),
        st.lists(children, max_size=4),
    )


MARKUP = st.recursive(ANY, element, max_leaves=12).map(lambda inside: f"<Response>{inside}</Response>")


@given(st.one_of(st.text(), st.binary(), MARKUP, MARKUP.map(lambda text: text.encode("utf-8", "replace"))))
def test_any_text_is_a_document_or_an_rcml_error(text: str | bytes) -> None:
    found: list[Problem] = []
    try:
        found += parse(text).problems
    except RcmlError as error:
        found.append(error.problem)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in found)
    assert {problem.code for problem in found} <= set(Code)
