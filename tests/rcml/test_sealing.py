"""Passwords leave a document before it is stored or logged, and nothing else of it changes."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rcml import Dial, Sip, TooLargeError, parse, seal_passwords

FRAME = "<Response><Dial>{}</Dial></Response>"


def seal(plain: str) -> str:
    return f"sealed[{plain}]"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<Sip password="x">a</Sip>', '<Sip password="sealed[x]">a</Sip>'),
        ("<Sip\n  password = 'x' >a</Sip>", "<Sip\n  password = 'sealed[x]' >a</Sip>"),
        ('<Sip password="&lt;&amp;&#65;"/>', '<Sip password="sealed[&lt;&amp;A]"/>'),
        ('<Sip password="&#38;lt;"/>', '<Sip password="sealed[&amp;lt;]"/>'),
        ('<Sip password="a&b"/>', '<Sip password="sealed[a&amp;b]"/>'),
        ("<Sip password='\"'/>", "<Sip password='sealed[&quot;]'/>"),
        ('<Sip xpassword="x" password="z"/>', '<Sip xpassword="x" password="sealed[z]"/>'),
        ("<Sip url='/?password=y' password='z'/>", "<Sip url='/?password=y' password='sealed[z]'/>"),
        ("<Sip url='a > password=\"no\"' password='z'/>", "<Sip url='a > password=\"no\"' password='sealed[z]'/>"),
        ('<r:Sip xmlns:r="urn:x" password="z"/>', '<r:Sip xmlns:r="urn:x" password="sealed[z]"/>'),
        ('é&<Sip password="z"/>&<Sip password="y"/>', 'é&<Sip password="sealed[z]"/>&<Sip password="sealed[y]"/>'),
    ],
)  # fmt: skip
def test_value_of_a_password_is_replaced_and_nothing_else(before: str, after: str) -> None:
    assert seal_passwords(FRAME.format(before), seal) == FRAME.format(after)


@pytest.mark.parametrize(
    "text",
    [
        "<Say>password=\"x\"</Say>",
        "<Say><![CDATA[<Sip password='x'/>]]></Say>",
        "<!-- <Sip password='x'/> -->",
        "<Number password='x'>1</Number>",
        "<Sip>a & b</Sip>\r\n",
        "<?xml-like <Sip password='x'?>",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_password_stays(text: str) -> None:
    assert seal_passwords(FRAME.format(text), seal) == FRAME.format(text)


@pytest.mark.parametrize(
    "broken",
    [
        '<Sip password="TopSecret">',
        "<Sip password='TopSecret'",
        '<Sip password="TopSecret',
        '<Sip password="Top"Secret">sip:a@b</Sip>',
        "<Sip password=TopSecret>",
        "<Sip PASSWORD = 'TopSecret'>",
        '<!DOCTYPE x><Sip password="TopSecret"/>',
        '<Sip password="TopSecret\x00"/>',
        '<Sip password="TopSecret\ud800"/>',
        '<Sip password="TopSecret"/>' + " " * 70_000,
    ],
)
def test_document_that_never_runs_loses_everything_like_a_password(broken: str) -> None:
    sealed = seal_passwords(broken, seal)
    assert "Secret" not in sealed
    assert "***" in sealed


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200), st.sampled_from("é&x "))
def test_sealed_document_runs_with_the_sealed_password(password: str, before: str) -> None:
    text = FRAME.format(f"<Sip password={quoteattr(password)} username={quoteattr(before)}>sip:a@b</Sip>")
    seen: list[str] = []

    def remember(plain: str) -> str:
        seen.append(plain)
        return plain[::-1]

    document = parse(seal_passwords(text, remember))
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    (noun,) = verb.nouns
    assert isinstance(noun, Sip)
    assert seen == [password]
    if noun.problem is None:
        assert (noun.password or "") == password[::-1]


@given(st.text())
def test_any_text_is_sealed_without_an_exception(text: str) -> None:
    assert isinstance(seal_passwords(text, seal), str)


def test_document_with_more_passwords_than_its_log_has_room_for_is_too_large() -> None:
    noun = '<Sip username="a" password="b">sip:c@d.example</Sip>'
    assert seal_passwords(f"<Response><Dial>{noun * 100}</Dial></Response>", str.upper).count('"B"') == 100
    with pytest.raises(TooLargeError):
        seal_passwords(f"<Response><Dial>{noun * 101}</Dial></Response>", str.upper)
