"""REFER: the application says where the other party goes, and both parties hear how it went."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import DialLegs, Fetch, Hangup, Notify, Part, Perform, Say
from chalicelib.calls.events import CallChange, Changed, Ended, Fetched, Referred, Starred, TaskLost

from .engine import CALLER, Story

DOCUMENT = (
    '<Dial action="/after" referUrl="/refer" referMethod="GET"><Sip>sip:bob@example.com</Sip></Dial>'
    "<Say>never said</Say>"
)
CAROL = "sip:carol@example.com"
SAY = "<Response><Say>Please hold</Say></Response>"
DIAL = f"<Response><Dial><Sip>{CAROL}</Sip></Dial></Response>"


@pytest.fixture
def bob(story: Story) -> str:
    """A callee who talks to the caller."""
    story.call_runs(DOCUMENT)
    (bob,) = story.legs
    story.answers(bob)
    story.bridged(bob)
    return bob


def refers(story: Story, call: str, target: str = CAROL) -> Fetch:
    """The request that ``call`` causes by its REFER."""
    story.feed(Referred, call, target, referred_by="sip:me@example.com")
    (request,) = [command for command in story.last.commands if isinstance(command, Fetch)]
    return request


def answered(story: Story, request: Fetch, body: str = SAY, error: int = 0) -> None:
    story.feed(
        Fetched, request.call, request.id, status=200, content_type="text/xml", body=body, url=request.url,
        error=error,
    )  # fmt: skip


def notified(story: Story) -> list[tuple[str, int]]:
    return [(command.call, command.code) for command in story.all_of(Notify)]


def hung_up(story: Story) -> set[str]:
    return {command.call for command in story.last.commands if isinstance(command, Hangup)}


def said(story: Story) -> list[tuple[str, str]]:
    return [
        (one.call, item.text) for one in story.all_of(Perform) for item in one.items if isinstance(item, Say)
    ]


def actions(story: Story) -> list[Fetch]:
    return [fetch for fetch in story.all_of(Fetch) if fetch.url.endswith("/after")]


def test_dial_tells_the_task_whether_it_takes_a_refer(story: Story, bob: str) -> None:
    assert story.last_of(DialLegs).takes_refer
    other = Story()
    other.call_runs("<Dial><Sip>sip:bob@example.com</Sip></Dial>")
    assert not other.last_of(DialLegs).takes_refer


def test_callee_who_refers_has_the_application_asked_in_the_name_of_the_caller(
    story: Story, bob: str
) -> None:
    request = refers(story, bob)
    assert (request.call, request.url, request.method) == (CALLER, "https://app.example.com/refer", "GET")
    assert request.parameters["ReferTransferTarget"] == CAROL
    assert request.parameters["ReferredBy"] == "sip:me@example.com"
    assert request.parameters["CallSid"] == CALLER
    assert hung_up(story) == set()


def test_caller_runs_the_document_and_the_callee_is_told_and_hung_up(story: Story, bob: str) -> None:
    answered(story, refers(story, bob))
    assert notified(story) == [(bob, 200)]
    assert hung_up(story) == {bob}
    assert [command for command in story.last.commands if isinstance(command, Part)] == [Part(CALLER, (bob,))]
    assert said(story) == [(CALLER, "Please hold")]
    (action,) = actions(story)
    assert action.parameters["DialCallStatus"] == "completed"
    answered(story, action, "<Response><Say>not this</Say></Response>")
    assert said(story) == [(CALLER, "Please hold")]


def test_callee_runs_the_document_when_the_caller_refers_and_dials_the_target(story: Story, bob: str) -> None:
    request = refers(story, CALLER)
    assert request.call == bob
    assert request.parameters["ParentCallSid"] == CALLER
    answered(story, request, DIAL)
    assert notified(story) == [(CALLER, 200)]
    assert hung_up(story) == {CALLER}
    dialled = story.last_of(DialLegs)
    assert (dialled.call, dialled.legs[0].uri) == (bob, CAROL)
    story.ended(CALLER)
    (carol,) = story.legs
    story.answers(carol)
    story.bridged(carol)
    assert story.call(bob).dial is not None
    story.ended(bob)
    assert hung_up(story) == {carol}
    story.ended(carol)
    for action in actions(story):
        answered(story, action)
    assert story.session is not None
    assert story.session.over


@pytest.mark.parametrize(("body", "error"), [("<Wrong/>", 0), ("<Response><", 0), ("", 11200)])
def test_without_a_document_the_two_go_on_and_the_transferor_is_told(
    story: Story, bob: str, body: str, error: int
) -> None:
    answered(story, refers(story, bob), body, error)
    assert notified(story) == [(bob, 503)]
    assert hung_up(story) == set()
    assert 32218 in story.problems
    answered(story, refers(story, bob))
    assert notified(story) == [(bob, 503), (bob, 200)]


def test_transferor_may_leave_before_the_application_has_answered(story: Story, bob: str) -> None:
    request = refers(story, bob)
    story.ended(bob)
    assert actions(story) == []
    answered(story, request)
    assert said(story) == [(CALLER, "Please hold")]
    assert notified(story) == []
    assert len(actions(story)) == 1


def test_caller_may_refer_and_leave_and_the_callee_is_transferred(story: Story, bob: str) -> None:
    request = refers(story, CALLER)
    story.ended(CALLER)
    assert hung_up(story) == set()
    answered(story, request, DIAL)
    assert story.last_of(DialLegs).call == bob
    assert len(actions(story)) == 1
    (carol,) = story.legs
    story.ended(bob)
    story.ended(carol, 487)
    answered(story, actions(story)[0])
    assert story.session is not None
    assert story.session.over


def test_task_that_dies_while_the_application_is_asked_leaves_a_session_that_is_over(
    story: Story, bob: str
) -> None:
    refers(story, bob)
    story.feed(TaskLost, "task-1")
    answered(story, actions(story)[0])
    assert story.session is not None
    assert story.session.over


@pytest.mark.parametrize("event", [Starred, Ended, Changed])
def test_transferor_who_stays_is_told_when_the_transfer_comes_to_nothing(
    story: Story, bob: str, event: type
) -> None:
    refers(story, CALLER)
    if event is Changed:
        story.feed(Changed, CALLER, CallChange(rcml=SAY))
    else:
        story.feed(event, bob if event is Ended else CALLER)
    assert notified(story) == [(CALLER, 503)]


def test_transferor_who_left_a_transfer_that_failed_ends_the_dial(story: Story, bob: str) -> None:
    request = refers(story, CALLER)
    story.ended(CALLER)
    answered(story, request, error=11200)
    assert hung_up(story) == {bob}
    assert len(actions(story)) == 1


def test_transferee_who_leaves_ends_the_dial_and_the_document_is_not_run(story: Story, bob: str) -> None:
    request = refers(story, CALLER)
    story.ended(bob)
    assert len(actions(story)) == 1
    answered(story, request)
    assert said(story) == []


def test_second_refer_while_the_application_thinks_is_declined(story: Story, bob: str) -> None:
    refers(story, bob)
    story.feed(Referred, CALLER, "sip:dave@example.com")
    assert notified(story) == [(CALLER, 603)]
    assert len(story.all_of(Fetch)) == 2  # the document, the first REFER


def test_refer_of_a_call_that_is_bridged_to_nobody_is_declined(story: Story) -> None:
    story.call_runs(DOCUMENT)
    (bob,) = story.legs
    story.answers(bob)
    story.feed(Referred, bob, CAROL)
    assert notified(story) == [(bob, 603)]


def test_call_that_is_sent_elsewhere_meanwhile_runs_what_the_api_said(story: Story, bob: str) -> None:
    request = refers(story, bob)
    story.feed(Changed, CALLER, CallChange("completed"))
    story.ended(CALLER)
    assert hung_up(story) == {bob}
    answered(story, request)
    assert said(story) == []
    story.ended(bob)
    for action in actions(story):
        answered(story, action)
    assert story.session is not None
    assert story.session.over


def test_session_is_not_over_while_the_application_is_still_asked(story: Story, bob: str) -> None:
    request = refers(story, bob)
    story.ended(CALLER)
    story.ended(bob)
    (action,) = actions(story)
    answered(story, action)
    assert story.session is not None
    assert not story.session.over
    answered(story, request)
    assert story.session.over
    assert said(story) == []
