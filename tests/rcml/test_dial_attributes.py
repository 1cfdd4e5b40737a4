"""The table of docs/contract.md §2, row by row: the default, the values, and what a wrong value does."""

from __future__ import annotations

import pytest

from chalicelib.rcml import Dial, Hangup, Number, Problem, Sip, parse

from .documents import codes, dial


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("action", None),
        ("method", "POST"),
        ("timeout", 30),
        ("time_limit", 14400),
        ("caller_id", None),
        ("record", None),
        ("hangup_on_star", False),
        ("answer_on_bridge", False),
        ("ring_tone", "us"),
        ("dial_music", None),
        ("sequential", False),
        ("refer_url", None),
        ("refer_method", "POST"),
    ],
)
def test_attribute_that_is_absent_has_the_default_of_the_contract(field: str, default: object) -> None:
    verb, problems = dial()
    assert getattr(verb, field) == default
    assert problems == []


@pytest.mark.parametrize(
    ("attribute", "field", "value"),
    [
        ('action="/after?x=1"', "action", "/after?x=1"),
        ('action=" https://app.example.com/after "', "action", "https://app.example.com/after"),
        ('action="after:1/x"', "action", None),
        ('action="HTTPS://app.example.com/x"', "action", "https://app.example.com/x"),
        ('method="get"', "method", "GET"),
        ('timeout="1"', "timeout", 1),
        ('timeout=" 600 "', "timeout", 600),
        ('timeLimit="86400"', "time_limit", 86400),
        ('callerId="+1_555-12.34a"', "caller_id", "+1_555-12.34a"),
        (f'callerId="{"9" * 50}"', "caller_id", "9" * 50),
        ('callerId="sip:desk@example.com"', "caller_id", "sip:desk@example.com"),
        (
            "callerId='\"Front desk\" &lt;sip:desk@example.com>'",
            "caller_id",
            '"Front desk" <sip:desk@example.com>',
        ),
        ("callerId='Desk &lt;sip:desk@example.com>'", "caller_id", '"Desk" <sip:desk@example.com>'),
        ('callerId="sipsy"', "caller_id", "sipsy"),
        ('callerId=""', "caller_id", None),
        ('record="true"', "record", "record-from-answer"),
        ('record="False"', "record", None),
        ('record="do-not-record"', "record", None),
        ('record="record-from-ringing-dual"', "record", "record-from-ringing-dual"),
        ('hangupOnStar="true"', "hangup_on_star", True),
        ('answerOnBridge="TRUE"', "answer_on_bridge", True),
        ('ringTone="uk"', "ring_tone", "uk"),
        ('ringTone="us-old"', "ring_tone", "us-old"),
        ('dialMusic="https://app.example.com/hold.wav"', "dial_music", "https://app.example.com/hold.wav"),
        ('sequential="true"', "sequential", True),
        ('referUrl="/refer"', "refer_url", "/refer"),
        ('referMethod="GET"', "refer_method", "GET"),
    ],
)
def test_attribute_is_read(attribute: str, field: str, value: object) -> None:
    verb, _ = dial(attribute)
    assert getattr(verb, field) == value


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ('action="ftp://example.com/x"', 11100),
        ('action="/a b"', 11100),
        ('action=""', 11100),
        ('action="https://"', 11100),
        ('action="/a&#10;b"', 11100),
        ('method="PUT"', 13210),
        ('timeout="0"', 13212),
        ('timeout="601"', 13212),
        ('timeout="ten"', 13212),
        ('timeout="-5"', 13212),
        ('timeout="1.5"', 13212),
        ('timeout="٣"', 13212),
        (f'timeout="{"9" * 5000}"', 13212),
        ('timeLimit="0"', 13216),
        ('timeLimit="86401"', 13216),
        ('record="yes"', 13217),
        ('hangupOnStar="1"', 13213),
        ('answerOnBridge=""', 13219),
        ('ringTone="atlantis"', 13220),
        ('dialMusic="file:///etc/passwd"', 13220),
        ('sequential="maybe"', 13218),
        ('referUrl="javascript:x"', 11100),
        ('referMethod="HEAD"', 13210),
        ('nosuch="1"', 12200),
    ],
)
def test_wrong_value_is_a_warning_and_the_default_is_used(attribute: str, code: int) -> None:
    document = parse(f"<Response><Dial {attribute}>sip:alice@example.com</Dial></Response>")
    plain = parse("<Response><Dial>sip:alice@example.com</Dial></Response>")
    assert codes(document) == [code]
    assert document.problems[0].severity == "warning"
    assert document.verbs == plain.verbs


@pytest.mark.parametrize(
    "caller_id",
    [
        "with space",
        "x" * 51,
        "alice@example.com",
        "Zoë",
        "a&#13;&#10;X-Evil: 1",
        "sip:a b@example.com",
        "sip:",
        "sip:@",
        f"sip:{'a' * 251}@x",
    ],
)
def test_wrong_caller_id_fails_the_dial_and_the_document_goes_on(caller_id: str) -> None:
    document = parse(f'<Response><Dial callerId="{caller_id}">1</Dial><Hangup/></Response>')
    verb, after = document.verbs
    assert isinstance(verb, Dial)
    assert isinstance(after, Hangup)
    assert isinstance(verb.caller_id_error, Problem)
    assert (verb.caller_id_error.code, verb.caller_id_error.severity) == (13214, "error")
    assert verb.caller_id is None
    assert verb.caller_id_error in document.problems


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        (" sip:alice@example.com;transport=tcp\n", Sip, "sip:alice@example.com;transport=tcp"),
        ("alice@example.com", Sip, "alice@example.com"),
        ("+1 555 1234", Number, "+1 555 1234"),
    ],
)
def test_text_instead_of_a_child_is_a_sip_with_at_sign_else_a_number(
    text: str, kind: type, target: str
) -> None:
    verb, problems = dial(inside=text)
    (noun,) = verb.nouns
    assert isinstance(noun, kind)
    assert (noun.target, noun.problem, problems) == (target, None, [])


def test_text_beside_nouns_is_not_dialled() -> None:
    verb, problems = dial(inside="+15551234<Sip>sip:a@example.com</Sip>")
    assert [noun.target for noun in verb.nouns] == ["sip:a@example.com"]
    assert problems == [13215]


def test_ten_nouns_are_dialled_and_those_after_them_are_error_13250() -> None:
    targets = [f"sip:u{n}@example.com" for n in range(12)]
    ten, none = dial(inside="".join(f"<Sip>{target}</Sip>" for target in targets[:10]))
    twelve, problems = dial(inside="".join(f"<Sip>{target}</Sip>" for target in targets))
    assert [noun.target for noun in ten.nouns] == targets[:10]
    assert none == []
    assert twelve.nouns == ten.nouns
    assert problems == [13250]


def test_nouns_of_every_kind_keep_their_order() -> None:
    verb, problems = dial(inside="<Number>+1555</Number><Sip>sip:a@b</Sip><Client>bob</Client>")
    assert [(type(noun).__name__, noun.target) for noun in verb.nouns] == [
        ("Number", "+1555"),
        ("Sip", "sip:a@b"),
        ("Client", "bob"),
    ]
    assert problems == []


@pytest.mark.parametrize("inside", ["", "  ", "<Conference>room</Conference>", "<Say>hello</Say>"])
def test_dial_without_a_noun_is_kept_so_that_its_action_is_asked(inside: str) -> None:
    verb, problems = dial('action="/after"', inside)
    assert verb.nouns == ()
    assert verb.action == "/after"
    assert problems == [13215]
