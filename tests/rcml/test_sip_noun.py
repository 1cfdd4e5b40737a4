"""The table of docs/contract.md §3, row by row, and the nouns beside `<Sip>`."""

from __future__ import annotations

import pytest

from chalicelib.rcml import Client, Number, Video, parse

from .documents import codes, dial, noun, sip


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("target", "sip:alice@example.com"),
        ("url", None),
        ("method", "POST"),
        ("status_callback", None),
        ("status_callback_method", "POST"),
        ("status_callback_events", ("completed",)),
        ("username", None),
        ("password", None),
        ("credential_ref", None),
        ("delay", 0),
        ("timeout", None),
        ("priority", 0),
        ("weight", 1),
        ("video", None),
        ("problem", None),
    ],
)
def test_attribute_that_is_absent_has_the_default_of_the_contract(field: str, default: object) -> None:
    only, problems = sip()
    assert getattr(only, field) == default
    assert problems == []


@pytest.mark.parametrize(
    ("attribute", "field", "value"),
    [
        ('url="/screen"', "url", "/screen"),
        ('method="GET"', "method", "GET"),
        ('statusCallback="https://a.example/cb"', "status_callback", "https://a.example/cb"),
        ('statusCallbackMethod="get"', "status_callback_method", "GET"),
        ('username="alice"', "username", "alice"),
        ('password="s&amp;&quot;x "', "password", 's&"x '),
        ('password=""', "password", None),
        ('credentialRef="vault/desk"', "credential_ref", "vault/desk"),
        ('delay="10"', "delay", 10),
        ('timeout="15"', "timeout", 15),
        ('priority="2"', "priority", 2),
        ('weight="70"', "weight", 70),
    ],
)
def test_attribute_is_read(attribute: str, field: str, value: object) -> None:
    only, _ = sip(attribute)
    assert getattr(only, field) == value
    assert only.problem is None


@pytest.mark.parametrize(
    "written",
    [
        "ringing,completed",
        "completed ringing",
        " ringing ,\n completed, ",
        "RINGING;completed".replace(";", ",,"),
    ],
)
def test_events_are_separated_by_commas_or_white_space_or_both(written: str) -> None:
    only, problems = sip(f'statusCallbackEvent="{written}"')
    assert only.status_callback_events == ("ringing", "completed")
    assert problems == []


def test_unknown_event_is_ignored_with_a_warning() -> None:
    only, problems = sip('statusCallbackEvent="answered,dancing"')
    assert only.status_callback_events == ("answered",)
    assert problems == [21626]


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ('url="gopher://x"', 11100),
        ('method="PUT"', 13241),
        ('statusCallback="mailto:a@b"', 11100),
        ('statusCallbackMethod="PUT"', 13241),
        ('statusCallbackEvent=""', 21626),
        ('statusCallbackEvent="none"', 21626),
        ('delay="601"', 12200),
        ('timeout="0"', 13212),
        ('priority="-1"', 12200),
        ('weight="0"', 12200),
    ],
)
def test_wrong_value_is_a_warning_and_the_default_is_used(attribute: str, code: int) -> None:
    only, problems = sip(attribute)
    assert problems == [code]
    assert only == sip()[0]


@pytest.mark.parametrize("name", ["username", "password", "credentialRef"])
@pytest.mark.parametrize("value", ["a&#13;&#10;b", "x" * 256])
def test_unusable_credential_fails_that_noun_only(name: str, value: str) -> None:
    verb, problems = dial(inside=f'<Sip {name}="{value}">sip:a@b</Sip><Sip>sip:c@d</Sip>')
    broken, whole = verb.nouns
    assert broken.problem is not None
    assert broken.problem.code == 13249
    assert whole.problem is None
    assert problems == [13249]


def test_credential_ref_stands_instead_of_user_name_and_password() -> None:
    only, problems = sip('credentialRef="desk" username="u" password="p"')
    assert (only.credential_ref, only.username, only.password) == ("desk", None, None)
    assert problems == [13249]


def test_password_without_user_name_is_warned_of() -> None:
    assert sip('password="p"')[1] == [13249]


def test_password_is_in_no_repr_and_no_problem() -> None:
    markup = '<Response><Dial><Sip password="{}" username="u" x="1">sip:a@b</Sip></Dial></Response>'
    for password in ("TopSecret", "TopSecret&#10;" + "y" * 300):
        document = parse(markup.format(password))
        assert "TopSecret" not in repr(document)
        assert "TopSecret" not in " ".join(map(str, document.problems))


@pytest.mark.parametrize(
    ("attributes", "inside", "target", "problems"),
    [
        ("", "\n  sip:a@b \n", "sip:a@b", []),
        ('name="sip:n@b"', '<Video enable="true"/>', "sip:n@b", []),
        ('name="sip:n@b"', 'sip:a@b<Video enable="true"/>', "sip:n@b", [12200]),
        ('name="sip:n@b"', "sip:a@b", "sip:a@b", [12200]),
        ('name="sip:n@b"', "", "sip:n@b", []),
        ('name="sip:n@b"', '<Video enable="false"/>sip:a@b', "sip:a@b", [12200]),
        ("", '<Video enable="maybe"/> sip:a@b', "sip:a@b", [12200]),
    ],
)
def test_target_is_the_text_or_with_video_the_name(
    attributes: str, inside: str, target: str, problems: list[int]
) -> None:
    only, found = sip(attributes, inside)
    assert (only.target, only.problem, found) == (target, None, problems)


@pytest.mark.parametrize(
    ("attributes", "inside"),
    [("", ""), ("", '<Video enable="true"/>'), ("", 'sip:a@b<Video enable="true"/>')],
)
def test_sip_without_a_uri_fails_alone_with_13243(attributes: str, inside: str) -> None:
    only, problems = sip(attributes, inside)
    assert only.problem is not None
    assert only.problem.code == 13243
    assert 13243 in problems


@pytest.mark.parametrize(
    ("video", "read"),
    [
        ('<Video enable="true" overlay="Hi"/>', Video(1, "Hi")),
        ('<Video enable="false" overlay="Hi"/>', None),
        ('<Video overlay="Hi"/>', None),
    ],
)
def test_video_that_is_not_enabled_is_as_if_absent(video: str, read: Video | None) -> None:
    assert sip('name="sip:n@b"', video)[0].video == read


def test_unknown_child_of_sip_is_skipped() -> None:
    only, problems = sip(inside="sip:a@b<Header/>")
    assert (only.target, problems) == ("sip:a@b", [12200])


@pytest.mark.parametrize("text", ["+1 (555) 123-4567", "1000", "*98#1", "+1555?X-A=b"])
def test_number_is_read(text: str) -> None:
    only, problems = noun(f'<Number sendDigits="ww12#" url="/s">{text}</Number>')
    assert isinstance(only, Number)
    assert (only.target, only.send_digits, only.url, only.problem, problems) == (
        text,
        "ww12#",
        "/s",
        None,
        [],
    )


@pytest.mark.parametrize("text", ["", "alice", "1" * 51, "+", "1&#10;2"])
def test_wrong_number_fails_alone_with_13223(text: str) -> None:
    only, problems = noun(f"<Number>{text}</Number>")
    assert only.problem is not None
    assert problems == [13223]


@pytest.mark.parametrize(
    ("attribute", "code"),
    [('method="x"', 13221), ('sendDigits="12 34"', 13222), ('statusCallbackEvent="x"', 21626)],
)
def test_wrong_value_of_a_number_is_a_warning(attribute: str, code: int) -> None:
    only, problems = noun(f"<Number {attribute}>1</Number>")
    assert (only, problems) == (noun("<Number>1</Number>")[0], [code])


def test_client_is_read() -> None:
    only, problems = noun('<Client url="/s" statusCallback="/c">alice?X-A=1&amp;X-B=2</Client>')
    assert isinstance(only, Client)
    assert (only.target, only.url, only.status_callback, problems) == ("alice?X-A=1&X-B=2", "/s", "/c", [])


def test_client_without_a_name_fails_alone() -> None:
    only, problems = noun("<Client/>")
    assert only.problem is not None
    assert problems == [13215]


def test_problem_of_a_noun_is_also_in_the_document() -> None:
    document = parse("<Response><Dial><Sip/></Dial></Response>")
    assert codes(document) == [13243]
    assert document.problems[0].severity == "error"
