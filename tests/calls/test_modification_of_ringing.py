"""POST Calls/{CallSid} before anybody has answered: a call that is queued, rings, or has callees that ring."""

from __future__ import annotations

from chalicelib.calls.commands import Bridge, Fetch, Part
from chalicelib.calls.events import (
    CallChange,
    Changed,
    Claimed,
    Created,
    Fetched,
    RingTimeout,
)
from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.session import Application, Launch, Session

from .engine import ACCOUNT, CALLER, Story, dial_result
from .modification import ELSEWHERE, SAY, TWO, hung_up, over, said, sent_to


def test_caller_sent_elsewhere_while_callees_ring_cancels_them_and_the_dial_is_canceled(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.invited(bob)
    story.ended(carol, 603)
    sent_to(story, CALLER, rcml=SAY)
    assert hung_up(story) == {bob}
    assert (dial_result(story)["DialCallStatus"], dial_result(story)["DialBridged"]) == ("canceled", "false")
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
    assert (dial_result(story)["DialCallStatus"], dial_result(story)["DialCallSid"]) == ("completed", carol)


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
    assert dial_result(story)["DialCallStatus"] == "canceled"
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
    assert dial_result(story)["DialCallStatus"] == "canceled"
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
    assert dial_result(story)["DialCallStatus"] == "canceled"


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
