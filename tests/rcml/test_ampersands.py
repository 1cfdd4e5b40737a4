"""A `&` that begins no entity is repaired with a warning: the samples of the language's manual contain them."""

from __future__ import annotations

import pytest

from chalicelib.rcml import Dial, Play, RcmlError, Say, Sip, parse

from .documents import codes

DIAL_SIP = """<Response>
    <Dial>
        <Sip>
            sip:alice@127.0.0.1:5090?mycustomheader=foo&myotherheader=bar
        </Sip>
    </Dial>
</Response>"""
DIAL_SIP_AUTH = """<Response>
    <Dial>
        <Sip username="alice" password="1234">sip:alice@127.0.0.1:5090?mycustomheader=foo&myotherheader=bar</Sip>
    </Dial>
</Response>"""
DIAL_SIP_SCREENING = """<?xml version="1.0" encoding="UTF-8"?>
<Response>
    <Dial><Sip url="/screen?a=1&b=2">sip:alice@127.0.0.1:5090?mycustomheader=foo&myotherheader=bar</Sip></Dial>
</Response>"""
DIAL_SIP_DIAL_SCREENING = """<Response>
    <Dial action="/after?x=1&y=2">
        <Sip>sip:alice@127.0.0.1:5090?mycustomheader=foo&myotherheader=bar</Sip>
    </Dial>
</Response>"""


@pytest.mark.parametrize(
    ("text", "repairs"),
    [(DIAL_SIP, 1), (DIAL_SIP_AUTH, 1), (DIAL_SIP_SCREENING, 2), (DIAL_SIP_DIAL_SCREENING, 2)],
)
def test_documents_in_the_manner_of_the_manual_run_with_a_warning(text: str, repairs: int) -> None:
    document = parse(text)
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    (noun,) = verb.nouns
    assert isinstance(noun, Sip)
    assert noun.target == "sip:alice@127.0.0.1:5090?mycustomheader=foo&myotherheader=bar"
    assert codes(document) == [12100] * repairs


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a & b", "a & b"),
        ("a && b", "a && b"),
        ("a &amp; b", "a & b"),
        ("a &amp;amp; b", "a &amp; b"),
        ("&lt;&gt;&quot;&apos;&#65;&#x42;", "<>\"'AB"),
        ("AT&T;", "AT&T;"),
        ("&nbsp;x", "&nbsp;x"),
        ("&copy=1", "&copy=1"),
        ("&#;", "&#;"),
        ("&#x;", "&#x;"),
        ("&#65", "&#65"),
        ("&AMP;", "&AMP;"),
        ("x &", "x &"),
        ("<![CDATA[a & b &amp; c]]>", "a & b &amp; c"),
        ("<!-- a & b -->x", "x"),
        ("<?php a & b ?>x", "x"),
    ],
)
def test_repair_changes_what_is_no_entity_and_nothing_else(written: str, read: str) -> None:
    document = parse(f"<Response><Say>{written}</Say></Response>")
    (verb,) = document.verbs
    assert isinstance(verb, Say)
    assert verb.text == read


def test_what_is_right_is_not_warned_of() -> None:
    assert parse("<Response><Say>a &amp; b<!-- & --><![CDATA[&]]></Say></Response>").problems == ()


def test_ampersand_in_an_attribute_is_repaired() -> None:
    document = parse(
        "<Response><Play loop='1'>/a?x=1&y=2</Play><Dial action='/b?x=1&y=2'>1</Dial></Response>"
    )
    play, dial = document.verbs
    assert isinstance(play, Play)
    assert isinstance(dial, Dial)
    assert (play.url, dial.action) == ("/a?x=1&y=2", "/b?x=1&y=2")


def test_character_that_xml_has_not_stays_an_error() -> None:
    with pytest.raises(RcmlError):
        parse("<Response><Say>&#0;</Say></Response>")
