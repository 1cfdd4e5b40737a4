"""The document of a Sip noun's ``url``, which a callee hears before the bridge (docs/contract.md, Dial)."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import Bridge, DialLegs, Fetch, Hangup
from chalicelib.calls.events import CallChange, Changed

from .engine import CALLER, HOOK, Story, dial_result

SCREENED = f'<Dial action="/after"><Sip url="/screen" {HOOK}>sip:bob@example.com</Sip></Dial>'


def screened(story: Story, document: str) -> str:
    story.call_runs(SCREENED)
    (bob,) = story.legs
    story.invited(bob)
    story.answers(bob, ("X-Desk", "4"))
    story.application_answers(f"<Response>{document}</Response>")
    return bob


def test_screening_is_fetched_with_the_childs_parameters(story: Story) -> None:
    story.call_runs(SCREENED)
    (bob,) = story.legs
    story.invited(bob)
    story.answers(bob, ("X-Desk", "4"))
    fetch = story.last_of(Fetch)
    assert (fetch.call, fetch.url) == (bob, "https://app.example.com/screen")
    assert fetch.parameters["CallSid"] == bob
    assert fetch.parameters["SipHeader_X-Desk"] == "4"
    assert fetch.parameters["SipCallId"] == f"id-{bob[-4:]}"


def test_callee_who_presses_a_key_is_sent_where_gather_points_and_bridged_at_the_end(story: Story) -> None:
    bob = screened(story, '<Gather action="/accept" numDigits="1"><Say>Press 1</Say></Gather><Hangup/>')
    story.performed(digits="1")
    assert story.last_of(Fetch).parameters["Digits"] == "1"
    step = story.application_answers("<Response/>")
    assert step.commands == (Bridge(CALLER, bob),)


def test_callee_who_presses_nothing_is_hung_up_and_the_dial_is_no_answer(story: Story) -> None:
    bob = screened(story, '<Gather action="/accept" numDigits="1"><Say>Press 1</Say></Gather><Hangup/>')
    step = story.performed()
    assert Hangup(bob) in step.commands
    result = dial_result(story)
    assert (result["DialCallStatus"], result["DialBridged"]) == ("no-answer", "false")
    story.ended(bob)
    assert story.events_of(bob)[-1][:2] == ("completed", "completed")


def test_dial_in_a_screening_document_hangs_the_leg_up(story: Story) -> None:
    bob = screened(story, "<Dial><Sip>sip:eve@example.com</Sip></Dial>")
    assert 13201 in story.problems
    assert Hangup(bob) in story.last.commands
    assert len(story.all_of(DialLegs)) == 1


@pytest.mark.parametrize("body", ["no xml", "<Wrong/>", ""])
def test_wrong_screening_document_takes_the_leg_out_and_not_the_call(story: Story, body: str) -> None:
    story.call_runs(SCREENED)
    story.answers(story.legs[0])
    step = story.application_answers(body)
    assert Hangup(story.legs[0]) in step.commands
    assert dial_result(story)["DialCallStatus"] == "no-answer"


def test_two_screened_callees_accept_and_one_is_bridged(story: Story) -> None:
    story.call_runs(
        '<Dial><Sip url="/s">sip:bob@example.com</Sip><Sip url="/s">sip:carol@example.com</Sip></Dial>'
    )
    bob, carol = story.legs
    story.answers(bob)
    bobs = story.last_of(Fetch)
    story.answers(carol)
    story.application_answers("<Response/>")
    assert story.last.commands == (Bridge(CALLER, carol),)
    story.commands.append(bobs)
    step = story.application_answers("<Response/>")
    assert step.commands == (Hangup(bob),)


def test_accepted_leg_that_dies_before_its_bridge_leaves_the_dial_to_the_others(story: Story) -> None:
    story.call_runs('<Dial><Sip url="/s">sip:bob@example.com</Sip><Sip>sip:carol@example.com</Sip></Dial>')
    bob, carol = story.legs
    story.answers(bob)
    story.application_answers("<Response/>")
    story.ended(bob)
    story.answers(carol)
    story.bridged(carol)
    dial = story.call(CALLER).dial
    assert dial is not None
    assert dial.bridged == carol


def test_api_that_completes_a_ringing_child_ends_the_dial_as_canceled(story: Story) -> None:
    story.call_runs(SCREENED)
    (bob,) = story.legs
    step = story.feed(Changed, bob, CallChange("completed"))
    assert Hangup(bob) in step.commands
    assert dial_result(story)["DialCallStatus"] == "canceled"
