"""How far a call may go, told event by event (docs/decisions/0007)."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import DialLegs, Invite, Reject
from chalicelib.calls.events import Claimed, Created, Incoming
from chalicelib.calls.session import Launch
from chalicelib.calls.step import Step
from chalicelib.sip.headers import Headers

from .engine import APP, CALLER, Story

HOOK = 'statusCallback="/events"'
HOPS = "X-CallAPI-Hops"


def comes_in(story: Story, to: str, headers: Headers = (), max_forwards: int = 70) -> Step:
    return story.feed(
        Incoming, CALLER, to, "sip:alice@example.com", headers=headers, max_forwards=max_forwards,
        application=APP,
    )  # fmt: skip


def way_on(to: str, headers: Headers = (), max_forwards: int = 70) -> dict[str, str]:
    """The headers of the leg that the call to ``to`` dials."""
    story = Story()
    comes_in(story, to, headers, max_forwards)
    story.application_answers("<Response><Dial><Sip>sip:bob@example.net</Sip></Dial></Response>")
    return dict(story.last_of(DialLegs).legs[0].headers)


def test_leg_takes_over_max_forwards_less_one() -> None:
    assert way_on("sip:100@us.example", max_forwards=12)["Max-Forwards"] == "11"


def test_invite_with_no_hop_left_is_refused_with_483(story: Story) -> None:
    assert comes_in(story, "sip:100@us.example", max_forwards=0).commands == (Reject(CALLER, 483),)
    assert story.session is None


@pytest.mark.parametrize("again", ["sip:100@us.example", "sip:100@US.example:5060;transport=tcp"])
def test_call_that_comes_back_to_the_same_address_is_refused_with_482(story: Story, again: str) -> None:
    hops = way_on("sip:100@us.example")[HOPS]
    assert comes_in(story, again, ((HOPS.lower(), hops),)).commands == (Reject(CALLER, 482),)
    assert story.session is None


def test_call_may_go_through_four_addresses_of_ours_and_no_more(story: Story) -> None:
    headers: Headers = ()
    for visit in range(4):
        headers = ((HOPS, way_on(f"sip:{visit}@us.example", headers)[HOPS]),)
    assert comes_in(story, "sip:4@us.example", headers).commands == (Reject(CALLER, 483),)


def test_another_port_is_another_address() -> None:
    hops = way_on("sip:100@us.example")[HOPS]
    assert way_on("sip:100@us.example:5070", ((HOPS, hops),))[HOPS].startswith(f"{hops},")


def test_address_that_the_grammar_refuses_is_the_same_whatever_its_parameters() -> None:
    hops = way_on("sip:a#b@us_host;x=1")[HOPS]
    assert comes_in(Story(), "sip:a#b@US_host:5060;x=2", ((HOPS, hops),)).commands == (Reject(CALLER, 482),)


@pytest.mark.parametrize("code", [482, 483])
def test_leg_refused_for_its_hops_says_32006(story: Story, code: int) -> None:
    story.call_runs(f"<Dial><Sip {HOOK}>sip:bob@example.net</Sip></Dial>")
    story.ended(story.legs[0], code)
    [completed] = story.callbacks
    assert (completed.parameters["SipResponseCode"], completed.parameters["ErrorCode"]) == (
        str(code),
        "32006",
    )
    assert completed.parameters["CallStatus"] == "failed"


def test_call_of_the_api_begins_a_new_way(story: Story) -> None:
    story.feed(Created, CALLER, "sip:bob@example.net", "sip:us@example.com", application=APP, launch=Launch())
    story.feed(Claimed, "task-1")
    names = {name for name, _ in story.last_of(Invite).leg.headers}
    assert not names & {HOPS, "Max-Forwards"}
