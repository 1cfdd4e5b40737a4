"""POST Calls/{CallSid}: a call is sent elsewhere, alone or with its partner, and the Dial it was in ends properly."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import Bridge, DialLegs, Fetch, Hangup, Part, Perform, Say
from chalicelib.calls.events import (
    Answered,
    CallChange,
    Changed,
    Claimed,
    Created,
    Fetched,
    Performed,
    RingTimeout,
    TaskLost,
)
from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.session import Application, Launch, Session

from .engine import ACCOUNT, CALLER, Story

HOOK = 'statusCallback="/events" statusCallbackEvent="initiated,ringing,answered,completed"'
TWO = (
    f'<Dial action="/after"><Sip {HOOK}>sip:bob@example.com</Sip><Sip {HOOK}>sip:carol@example.com</Sip></Dial>'
    "<Say>never said</Say>"
)
ELSEWHERE = "https://app.example.com/elsewhere"
SAY = "<Response><Say>Elsewhere</Say></Response>"


@pytest.fixture
def story() -> Story:
    return Story()


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


def sent_to(story: Story, sid: str, *, with_peer: bool = False, rcml: str = "") -> None:
    url = "" if rcml else ELSEWHERE
    story.feed(Changed, sid, CallChange("", url, "GET", rcml, with_peer))


def result(story: Story) -> dict[str, str]:
    """The parameters of the one action request."""
    (request,) = [fetch for fetch in story.all_of(Fetch) if fetch.url.endswith("/after")]
    return request.parameters


def hung_up(story: Story) -> set[str]:
    return {command.call for command in story.last.commands if isinstance(command, Hangup)}


def said(story: Story) -> list[tuple[str, str]]:
    """Who was told what, in order."""
    found = story.all_of(Perform)
    return [(one.call, item.text) for one in found for item in one.items if isinstance(item, Say)]


def answer_all(story: Story, body: str = SAY) -> None:
    """The application answers every request it has not answered; one that nobody waits for changes no run."""
    for fetch in story.all_of(Fetch):
        story.feed(
            Fetched, fetch.call, fetch.id, status=200, content_type="text/xml", body=body, url=fetch.url
        )


def over(story: Story) -> bool:
    assert story.session is not None
    return story.session.over


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
    assert (result(story)["DialCallStatus"], result(story)["DialBridged"]) == ("completed", "true")
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
    result(story)


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


def test_caller_sent_elsewhere_while_callees_ring_cancels_them_and_the_dial_is_canceled(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.invited(bob)
    story.ended(carol, 603)
    sent_to(story, CALLER, rcml=SAY)
    assert hung_up(story) == {bob}
    assert (result(story)["DialCallStatus"], result(story)["DialBridged"]) == ("canceled", "false")
    story.ended(bob, 487)
    assert story.events_of(bob)[-1][:2] == ("completed", "canceled")
    assert story.events_of(carol)[-1][:2] == ("completed", "busy")
    assert said(story) == [(CALLER, "Elsewhere")]


def test_callee_who_answers_while_the_caller_is_sent_elsewhere_is_hung_up(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    sent_to(story, CALLER, rcml=SAY)
    for late in (story.answers, story.bridged):
        late(bob)
        assert hung_up(story) == {bob}
    assert said(story) == [(CALLER, "Elsewhere")]


def test_ringing_leg_that_is_sent_elsewhere_leaves_its_dial_and_runs_the_document_when_it_answers(
    story: Story,
) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.invited(bob)
    sent_to(story, bob)
    assert story.last.commands == (Part(CALLER, (bob,)),)
    step = story.answers(bob)
    assert [command.call for command in step.commands if isinstance(command, Fetch)] == [bob]
    story.application_answers(SAY)
    assert said(story) == [(bob, "Elsewhere")]
    story.answers(carol)
    story.bridged(carol)
    assert hung_up(story) == set()
    assert not story.call(bob).ending
    story.ended(carol)
    assert (result(story)["DialCallStatus"], result(story)["DialCallSid"]) == ("completed", carol)


def test_document_in_the_request_waits_for_the_answer_of_a_ringing_leg(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    sent_to(story, bob, rcml=SAY)
    assert said(story) == []
    assert story.session is not None
    assert decode(encode(story.session), Session) == story.session
    story.answers(bob)
    assert said(story) == [(bob, "Elsewhere")]


def test_dial_whose_last_leg_was_sent_elsewhere_is_canceled_and_the_caller_goes_on(story: Story) -> None:
    story.call_runs('<Dial action="/after"><Sip>sip:bob@example.com</Sip></Dial>')
    (bob,) = story.legs
    sent_to(story, bob)
    assert hung_up(story) == set()
    assert result(story)["DialCallStatus"] == "canceled"
    story.application_answers("<Response><Say>Bob is not free</Say></Response>")
    assert said(story) == [(CALLER, "Bob is not free")]


def test_leg_that_was_bridged_before_the_task_heard_of_it_stays_with_its_document(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    sent_to(story, bob, rcml=SAY)
    story.answers(bob)
    story.bridged(bob)
    assert hung_up(story) == set()
    assert said(story) == [(bob, "Elsewhere")]
    assert result(story)["DialCallStatus"] == "canceled"
    story.ended(carol, 487)
    assert story.events_of(carol)[-1][:2] == ("completed", "canceled")


def test_leg_that_nobody_answers_does_not_run_its_new_document(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    sent_to(story, bob)
    story.feed(RingTimeout, bob)
    story.ended(bob, 487)
    assert story.events_of(bob)[-1][:2] == ("completed", "no-answer")
    assert [fetch.url for fetch in story.all_of(Fetch)] == ["https://app.example.com/voice"]


def test_screened_leg_is_taken_off_its_screening_document(story: Story) -> None:
    story.call_runs('<Dial action="/after"><Sip url="/screen">sip:bob@example.com</Sip></Dial>')
    (bob,) = story.legs
    story.answers(bob)
    screening = story.last_of(Fetch)
    sent_to(story, bob, rcml=SAY)
    assert said(story) == [(bob, "Elsewhere")]
    story.feed(Fetched, bob, screening.id, status=200, content_type="text/xml", body="<Response/>")
    assert story.all_of(Bridge) == []
    assert result(story)["DialCallStatus"] == "canceled"


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
    result(story)
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


def test_created_call_that_rings_runs_the_new_document_when_it_is_answered(story: Story) -> None:
    story.feed(
        Created, CALLER, "sip:bob@example.com", from_="+4930", launch=Launch(),
        application=Application(ACCOUNT, url="https://app.example.com/first"),
    )  # fmt: skip
    sent_to(story, CALLER)
    assert story.last.commands == ()
    story.feed(Claimed, "task-1")
    story.invited(CALLER)
    story.answers(CALLER)
    assert [fetch.url for fetch in story.all_of(Fetch)] == [ELSEWHERE]


def test_queued_call_that_was_sent_elsewhere_can_still_be_canceled(story: Story) -> None:
    story.feed(
        Created, CALLER, "sip:bob@example.com", from_="+4930", launch=Launch(),
        application=Application(ACCOUNT, url="https://app.example.com/first"),
    )  # fmt: skip
    sent_to(story, CALLER)
    story.feed(Changed, CALLER, CallChange("canceled"))
    assert over(story)


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
