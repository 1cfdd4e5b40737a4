"""POST Calls/{CallSid}: a call is sent elsewhere, alone or with its partner, and the Dial it was in ends properly."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import Bridge, DialLegs, Fetch, Part, Perform
from chalicelib.calls.events import (
    Answered,
    CallChange,
    Changed,
    Fetched,
    Performed,
    TaskLost,
)
from chalicelib.calls.session import Application

from .engine import ACCOUNT, CALLER, Story, dial_result
from .modification import ELSEWHERE, SAY, TWO, answer_all, hung_up, over, said, sent_to


@pytest.fixture
def pair(story: Story) -> tuple[str, str]:
    """A caller and a callee who talk; the second noun has lost and is gone."""
    story.call_runs(TWO)
    bob, carol = story.legs
    story.invited(bob)
    story.rings(bob)
    story.answers(bob)
    story.bridged(bob)
    story.ended(carol, 487)
    return CALLER, bob


@pytest.mark.parametrize("named", [0, 1], ids=["parent", "child"])
def test_one_of_a_bridged_pair_asks_the_new_url_and_the_other_is_hung_up(
    story: Story, pair: tuple[str, str], named: int
) -> None:
    sent_to(story, pair[named])
    asked = story.last_of(Fetch)
    assert (asked.call, asked.url, asked.method) == (pair[named], ELSEWHERE, "GET")
    assert asked.parameters["CallStatus"] == "in-progress"
    assert hung_up(story) == {pair[1 - named]}
    assert Part(CALLER, story.legs) in story.last.commands
    story.application_answers(SAY)
    assert said(story) == [(pair[named], "Elsewhere")]


@pytest.mark.parametrize("named", [0, 1], ids=["parent", "child"])
def test_dial_of_a_pair_that_was_parted_asks_its_action_once_and_what_it_returns_is_not_run(
    story: Story, pair: tuple[str, str], named: int
) -> None:
    sent_to(story, pair[named], rcml="<Response><Say>Elsewhere</Say><Pause length='60'/></Response>")
    story.ended(pair[1 - named])
    assert (dial_result(story)["DialCallStatus"], dial_result(story)["DialBridged"]) == ("completed", "true")
    answer_all(story, "<Response><Say>not run</Say></Response>")
    assert said(story) == [(pair[named], "Elsewhere")]


@pytest.mark.parametrize("named", [0, 1], ids=["parent", "child"])
def test_connected_leg_that_is_moved_runs_the_document_too_and_nobody_is_hung_up(
    story: Story, pair: tuple[str, str], named: int
) -> None:
    sent_to(story, pair[named], with_peer=True)
    assert hung_up(story) == set()
    asked = [fetch for fetch in story.all_of(Fetch) if fetch.url == ELSEWHERE]
    assert [fetch.call for fetch in asked] == [pair[named], pair[1 - named]]
    assert [fetch.parameters["CallSid"] for fetch in asked] == [pair[named], pair[1 - named]]
    answer_all(story)
    assert sorted(said(story)) == sorted((sid, "Elsewhere") for sid in pair)
    dial_result(story)


def test_moved_leg_outlives_its_caller_and_ends_with_its_own_document(
    story: Story, pair: tuple[str, str]
) -> None:
    caller, bob = pair
    sent_to(story, caller, with_peer=True, rcml=SAY)
    story.ended(caller)
    assert story.last.commands == ()
    performance = next(each for each in story.all_of(Perform) if each.call == bob)
    story.feed(Performed, bob, performance.id)
    assert hung_up(story) == {bob}
    story.ended(bob)
    assert story.events_of(bob)[-1] == ("completed", "completed", 3)
    answer_all(story)
    assert over(story)


def test_session_is_not_over_before_the_action_has_answered(story: Story, pair: tuple[str, str]) -> None:
    caller, bob = pair
    sent_to(story, caller, rcml="<Response><Hangup/></Response>")
    story.ended(bob)
    story.ended(caller)
    assert not over(story)
    story.application_answers(SAY)
    assert over(story)
    assert said(story) == []


def test_action_that_cannot_be_told_is_in_the_log(story: Story, pair: tuple[str, str]) -> None:
    sent_to(story, pair[0], rcml=SAY)
    fetch = next(each for each in story.all_of(Fetch) if each.url.endswith("/after"))
    story.feed(Fetched, fetch.call, fetch.id, error=11200)
    assert story.problems == [11200]
    assert hung_up(story) == set()


def test_caller_without_dial_leaves_what_he_was_hearing(story: Story) -> None:
    story.call_runs("<Say>Music</Say><Say>never said</Say>")
    old = story.last_of(Perform)
    sent_to(story, CALLER, rcml=SAY)
    step = story.feed(Performed, CALLER, old.id)
    assert step.commands == ()
    assert said(story)[-1] == (CALLER, "Elsewhere")


def test_answer_to_the_request_that_the_caller_was_taken_from_is_waited_for_and_not_run(story: Story) -> None:
    story.caller_calls()
    first = story.last_of(Fetch)
    sent_to(story, CALLER, rcml="<Response><Hangup/></Response>")
    story.ended(CALLER)
    assert not over(story)
    story.feed(Fetched, CALLER, first.id, status=200, content_type="text/xml", body=SAY)
    assert over(story)
    assert said(story) == []


def test_leg_whose_own_document_ends_is_hung_up_and_not_bridged_to_the_callers_next_dial(
    story: Story, pair: tuple[str, str]
) -> None:
    caller, bob = pair
    sent_to(story, bob, with_peer=True, rcml=SAY)
    performance = next(each for each in story.all_of(Perform) if each.call == bob)
    sent_to(story, caller, rcml=f"<Response>{TWO}</Response>")
    story.feed(Performed, bob, performance.id)
    assert story.call(caller).dial is not None
    assert story.all_of(Bridge) == []
    assert hung_up(story) == {bob}


def test_new_document_of_the_caller_can_dial_again(story: Story, pair: tuple[str, str]) -> None:
    caller, bob = pair
    sent_to(
        story, caller, rcml=f"<Response>{TWO.replace('/after', 'https://app.example.com/then')}</Response>"
    )
    dave, eve = story.legs
    assert bob not in (dave, eve)
    story.ended(bob)
    assert len(story.all_of(DialLegs)) == 2
    story.answers(dave)
    story.bridged(dave)
    story.ended(dave)
    dial_result(story)
    assert story.last_of(Fetch).url == "https://app.example.com/then"


def test_callee_who_was_sent_elsewhere_dials_and_is_bridged(story: Story, pair: tuple[str, str]) -> None:
    bob = pair[1]
    document = TWO.replace('action="/after"', 'action="https://app.example.com/then"')
    sent_to(story, bob, rcml=f"<Response>{document}</Response>")
    assert hung_up(story) == {CALLER}
    story.ended(CALLER)
    dialled = story.last_of(DialLegs)
    assert dialled.call == bob
    dave, eve = story.legs
    assert story.call(dave).parent_sid == bob
    assert dict(dialled.legs[0].headers)["X-CallAPI-ParentCallSid"] == bob
    story.answers(dave)
    story.bridged(dave)
    story.ended(eve, 487)
    story.ended(dave)
    request = story.last_of(Fetch)
    assert (request.call, request.url) == (bob, "https://app.example.com/then")
    assert request.parameters["DialCallStatus"] == "completed"
    assert request.parameters["CallSid"] == bob
    story.application_answers(SAY)
    assert said(story)[-1] == (bob, "Elsewhere")


def test_callee_who_leaves_while_the_one_he_dials_rings_cancels_him(
    story: Story, pair: tuple[str, str]
) -> None:
    bob = pair[1]
    sent_to(story, bob, rcml="<Response><Dial><Sip>sip:dave@example.com</Sip></Dial></Response>")
    story.ended(CALLER)
    (dave,) = story.legs
    story.ended(bob)
    assert hung_up(story) == {dave}
    story.ended(dave, 487)
    assert story.session is not None
    answer_all(story)
    assert story.session.over


def test_document_that_is_wrong_falls_back_as_the_first_one_would(story: Story) -> None:
    fallback = Application(ACCOUNT, url="https://app.example.com/voice", fallback_url="https://b.example/")
    story.caller_calls(fallback)
    story.application_answers("<Response><Say>Hello</Say></Response>")
    story.feed(Answered, CALLER)
    sent_to(story, CALLER, rcml="<Wrong/>")
    assert story.last_of(Fetch).url == "https://b.example/"


def test_call_that_answered_meanwhile_is_not_canceled(story: Story, pair: tuple[str, str]) -> None:
    for sid in pair:
        assert story.feed(Changed, sid, CallChange("canceled")).commands == ()


def test_call_that_is_being_hung_up_is_not_sent_elsewhere(story: Story, pair: tuple[str, str]) -> None:
    caller, bob = pair
    sent_to(story, caller)
    sent_to(story, bob)
    assert story.last.commands == ()


def test_dead_task_ends_what_was_sent_elsewhere(story: Story, pair: tuple[str, str]) -> None:
    sent_to(story, pair[1], with_peer=True)
    story.feed(TaskLost, "task-1")
    assert over(story)
    assert story.events_of(pair[1])[-1][0] == "completed"
