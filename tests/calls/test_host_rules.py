"""Where an account may dial, told event by event."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.calls.commands import DialLegs, Invite
from chalicelib.calls.events import Claimed, Created
from chalicelib.calls.routing.policy import HostRules, InvalidPolicyError, Limits, Policy, check_policy
from chalicelib.calls.session import Launch

from .engine import APP, CALLER, Story

HOOK = 'statusCallback="/events"'


def dialled(rules: HostRules, *uris: str) -> Story:
    """A document dials ``uris`` for an account under ``rules``."""
    story = Story()
    story.caller_calls(msgspec.structs.replace(APP, policy=Policy(rules)))
    nouns = "".join(f"<Sip {HOOK}>{uri}</Sip>" for uri in uris)
    story.application_answers(f"<Response><Dial action='/after'>{nouns}</Dial></Response>")
    return story


def permitted(rules: HostRules, uri: str) -> bool:
    return bool(dialled(rules, uri).all_of(DialLegs))


HOSTS = HostRules(refused_hosts=("evil.example", "*.evil.example", "198.51.100.0/24", "2001:db8:bad::/48"))
ONLY = HostRules(allowed_hosts=("pbx.example", "*.trunk.example", "192.0.2.0/28"))


@pytest.mark.parametrize(
    ("rules", "host", "may"),
    [
        (HOSTS, "evil.example", False),
        (HOSTS, "EVIL.example.", False),
        (HOSTS, "a.b.evil.example", False),
        (HOSTS, "not-evil.example", True),
        (HOSTS, "198.51.100.7", False),
        (HOSTS, "198.51.101.7", True),
        (HOSTS, "[2001:db8:bad::1]", False),
        (HOSTS, "[::ffff:198.51.100.7]", False),
        (ONLY, "pbx.example", True),
        (ONLY, "sip.trunk.example", True),
        (ONLY, "192.0.2.15", True),
        (ONLY, "192.0.2.16", False),
        (HostRules(allowed_hosts=("pbx.example",)), "other.example", False),
        (HostRules(allowed_hosts=("pbx.example",), refused_hosts=("pbx.example",)), "pbx.example", False),
    ],
)
def test_host_is_called_only_if_the_rules_permit_it(rules: HostRules, host: str, may: bool) -> None:
    assert permitted(rules, f"sip:bob@{host}") is may


def test_name_that_may_resolve_to_an_allowed_network_is_left_to_the_task_with_the_rules() -> None:
    story = dialled(ONLY, "sip:bob@somewhere.example")
    assert story.last_of(DialLegs).legs[0].rules == ONLY
    assert not ONLY.permit_target("somewhere.example", "203.0.113.1", 5060)
    assert ONLY.permit_target("somewhere.example", "192.0.2.3", 5060)


@pytest.mark.parametrize(
    ("rules", "uri", "may"),
    [
        (HostRules(allowed_ports=("5060-5069",)), "sip:bob@pbx.example:5061", True),
        (HostRules(allowed_ports=("5060-5069",)), "sip:bob@pbx.example:22", False),
        (HostRules(refused_ports=("25",)), "sip:bob@pbx.example:25", False),
        (HostRules(refused_ports=("25",)), "sip:bob@pbx.example", True),
    ],
)
def test_port_is_called_only_if_the_rules_permit_it(rules: HostRules, uri: str, may: bool) -> None:
    assert permitted(rules, uri) is may


@pytest.mark.parametrize("user", ["+19001234567", "%2B19001234567", "+1-900-1234567", "+1(900)1234567"])
def test_refused_prefix_is_13225_however_the_number_is_written(user: str) -> None:
    story = dialled(HostRules(refused_prefixes=("+1900",)), f"sip:{user}@gw.example")
    assert (story.all_of(DialLegs), story.problems) == ([], [13225])


def test_only_allowed_prefixes_are_called() -> None:
    rules = HostRules(allowed_prefixes=("+44", "+49"))
    assert permitted(rules, "sip:+4420@gw.example")
    assert not permitted(rules, "sip:+3312@gw.example")


def test_refused_leg_says_13254_and_the_others_ring() -> None:
    story = dialled(HOSTS, "sip:bob@evil.example", "sip:carol@pbx.example")
    assert [leg.uri for leg in story.last_of(DialLegs).legs] == ["sip:carol@pbx.example"]
    [told] = story.callbacks
    assert (told.parameters["CallStatus"], told.parameters["ErrorCode"]) == ("failed", "13254")


def test_call_of_the_api_to_a_refused_host_fails_when_it_is_claimed() -> None:
    story = Story()
    application = msgspec.structs.replace(APP, policy=Policy(HOSTS))
    story.feed(
        Created, CALLER, "sip:bob@evil.example", "sip:us@example.com", application=application,
        launch=Launch(),
    )  # fmt: skip
    story.feed(Claimed, "task-1")
    assert story.all_of(Invite) == []
    assert (story.call(CALLER).status, story.call(CALLER).error) == ("failed", 13254)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(HostRules(refused_hosts=("*",))),
        Policy(HostRules(allowed_hosts=("",))),
        Policy(HostRules(allowed_hosts=("pbx.example:5060",))),
        Policy(HostRules(allowed_ports=("sip",))),
        Policy(HostRules(refused_ports=("70000",))),
        Policy(HostRules(refused_prefixes=("+1-900",))),
        Policy(limits=Limits(calls_per_second=-1)),
    ],
)
def test_policy_that_could_never_match_is_not_taken(policy: Policy) -> None:
    with pytest.raises(InvalidPolicyError):
        check_policy(policy)
