"""``<Number>`` goes through the trunk of the account that has its longest prefix."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import sip
from chalicelib.calls.commands import DialLegs, Fetch, OutboundLeg
from chalicelib.calls.routing.policy import HostRules, InvalidPolicyError, Policy, check_policy, read_policy
from chalicelib.calls.routing.routes import Route
from chalicelib.calls.routing.trunks import Trunk
from chalicelib.calls.session import Application

from .engine import ACCOUNT, Story


def legs(
    number: str, *trunks: Trunk, rules: HostRules | None = None, attributes: str = "", dial: str = ""
) -> Any:
    story = Story()
    policy = Policy(rules=rules, trunks=trunks)
    story.caller_calls(Application(ACCOUNT, url="https://app.example.com/voice", policy=policy))
    story.application_answers(
        f'<Response><Dial action="/after" {dial}><Number {attributes}>{number}</Number></Dial></Response>'
    )
    return story


def leg(*arguments: Any, **keys: Any) -> OutboundLeg:
    (found,) = legs(*arguments, **keys).last_of(DialLegs).legs
    assert isinstance(found, OutboundLeg)
    return found


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        ("+1 (415) 555-0100", "sip:+14155550100@carrier.example.com"),
        ("+49 30 1234", "sip:0049301234@german.example.com:5080;transport=tcp;user=phone"),
        ("+49 171 5", "sip:+491715@mobile.example.com"),
        ("*21#", "sip:*21%23@carrier.example.com"),
    ],
)
def test_number_goes_through_the_trunk_with_its_longest_prefix(number: str, uri: str) -> None:
    carrier = Trunk("carrier.example.com")
    german = Trunk(
        "german.example.com:5080;transport=tcp", prefixes=("+49",), strip=1, prepend="00", user_phone=True
    )
    mobile = Trunk("mobile.example.com", prefixes=("+49171", "+49172"))
    assert leg(number, carrier, german, mobile).uri == uri


def test_leg_of_a_number_carries_credentials_digits_and_the_carriers_from() -> None:
    trunk = Trunk(
        "carrier.example.com",
        credential_ref="carrier",
        from_host="us.example.com",
        proxy="sip:edge.example.com",
    )
    found = leg("+1415?X-A=1", trunk, attributes='sendDigits="w1#"', dial='callerId="+4930"')
    assert found.credential_ref == f"{ACCOUNT}/carrier"
    assert found.from_uri == "sip:+4930@us.example.com"
    assert found.send_digits == "w1#"
    assert found.proxy == "sip:edge.example.com"
    assert ("X-A", "1") in found.headers


def test_from_of_a_caller_with_a_sip_uri_keeps_its_user_at_the_carriers_host() -> None:
    assert (
        leg("+1", Trunk("c.example.com", from_host="us.example.com")).from_uri == "sip:alice@us.example.com"
    )
    assert leg("+1", Trunk("c.example.com")).from_uri == "sip:alice@example.com"


@pytest.mark.parametrize(
    ("caller", "sender"),
    [
        ("sip:alice@my_pbx", "sip:alice@us.example.com"),
        ("sip:a#b:secret@h;x;x", "sip:a#b@us.example.com"),
        ("SIPS:a%23b@[2001:db8::1]:5071", "sip:a%23b@us.example.com"),
        ("sip:example.com", "sip:example.com"),
    ],
)
def test_from_of_a_caller_whose_uri_the_grammar_refuses_is_one_uri_too(caller: str, sender: str) -> None:
    route = Route(sip.parse_uri("sip:1@c.example.com"), from_host="us.example.com")
    assert route.leg(call="CA1", caller=caller, headers=(), timeout=1).from_uri == sender


def test_number_that_no_trunk_takes_is_13224_and_the_dial_fails() -> None:
    story = legs("+1415", Trunk("german.example.com", prefixes=("+49",)))
    assert story.problems == [13224]
    request = story.last_of(Fetch)
    assert request.parameters["DialCallStatus"] == "failed"
    assert story.call(request.parameters["DialCallSid"]).to == "+1415"


def test_rules_for_numbers_hold_for_trunks_and_those_for_hosts_do_not() -> None:
    trunk = Trunk("carrier.example.com")
    rules = HostRules(allowed_hosts=("pbx.example.com",), refused_prefixes=("+1900",))
    assert leg("+1415", trunk, rules=rules).rules == HostRules(refused_prefixes=("+1900",))
    assert legs("+1 900 1", trunk, rules=rules).problems == [13225]


def test_headers_of_a_number_have_the_limits_of_a_uri() -> None:
    assert legs(f"+1?X-A={'a' * 1019}", Trunk("c.example.com")).problems == []
    assert legs(f"+1?X-A={'a' * 1020}", Trunk("c.example.com")).problems == [13253]


def test_sip_of_an_account_with_an_outbound_proxy_goes_through_it() -> None:
    story = Story()
    policy = Policy(outbound_proxy="sip:edge.example.com;transport=tcp")
    story.caller_calls(Application(ACCOUNT, url="https://app.example.com/voice", policy=policy))
    story.application_answers("<Response><Dial><Sip>sip:bob@example.net</Sip></Dial></Response>")
    (found,) = story.last_of(DialLegs).legs
    assert (found.uri, found.proxy) == ("sip:bob@example.net", "sip:edge.example.com;transport=tcp")


@pytest.mark.parametrize(
    "wrong",
    [
        Trunk(""), Trunk("a b"), Trunk("host?X=1"), Trunk("c.example.com", prefixes=("",)),
        Trunk("c.example.com", prefixes=("+49-30",)), Trunk("c.example.com", strip=-1), Trunk("c.example.com", strip=1),
        Trunk("c.example.com", prefixes=("+49", "0"), strip=2),
        Trunk("c.example.com", prepend="ö"), Trunk("c.example.com", from_host="a@b c"),
        Trunk("c.example.com", proxy="edge.example.com"), Trunk("c.example.com", proxy="sip:u@edge.example.com"),
    ],
)  # fmt: skip
def test_trunk_that_could_never_be_dialled_is_no_policy(wrong: Trunk) -> None:
    with pytest.raises(InvalidPolicyError, match="trunk"):
        check_policy(Policy(trunks=(wrong,)))


def test_policy_with_trunks_is_read_and_unknown_words_are_named() -> None:
    text = '{"trunks": [{"host": "c.example.com", "prefixes": ["+49"]}], "outbound_proxy": "sip:edge.example.com"}'
    assert read_policy(text) == Policy(
        trunks=(Trunk("c.example.com", prefixes=("+49",)),), outbound_proxy="sip:edge.example.com"
    )
    with pytest.raises(InvalidPolicyError, match="credentials"):
        read_policy('{"trunks": [{"host": "c.example.com", "credentials": "x"}]}')
    with pytest.raises(InvalidPolicyError, match="outbound_proxy"):
        read_policy('{"outbound_proxy": "edge"}')
