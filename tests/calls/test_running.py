"""Documents on a call: fetching, media, Gather, Redirect, Reject, Hangup, fallback."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import Fetch, Gather, Invite, Pause, Perform, Play, Reject, Say
from chalicelib.calls.events import (
    Answered,
    CallChange,
    Changed,
    Claimed,
    Created,
    Fetched,
    Incoming,
    Invited,
    Performed,
)
from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.session import Application, Launch, Session, StatusHook
from chalicelib.calls.step import step

from .engine import ACCOUNT, APP, CALLER, Story


def test_incoming_call_asks_the_application_with_the_standard_parameters(story: Story) -> None:
    story.caller_calls()
    fetch = story.last_of(Fetch)
    assert (fetch.url, fetch.method, fetch.account_sid) == (APP.url, "POST", ACCOUNT)
    assert fetch.parameters == {
        "CallSid": CALLER, "AccountSid": ACCOUNT, "From": "sip:alice@example.com",
        "To": "sip:100@voice.example.com", "CallStatus": "ringing", "ApiVersion": "2012-04-24",
        "Direction": "inbound", "SipCallId": "abc@alice", "SipSourceIp": "192.0.2.7",
        "SipDomain": "voice.example.com", "SipHeader_X-Tenant": "7",
    }  # fmt: skip


def test_call_for_nobody_is_refused_and_not_kept(story: Story) -> None:
    made = story.caller_calls(application=None)
    assert made.session is None
    assert made.commands == (Reject(CALLER, 404),)


def test_media_verbs_in_a_row_are_one_performance(story: Story) -> None:
    made = story.call_runs('<Say>One</Say><Play loop="2">tone.wav</Play><Pause length="3"/><Hangup/>')
    assert story.sent(made) == ["answer", "perform"]
    assert story.last_of(Perform).items == (
        Say("One"), Play("https://app.example.com/tone.wav", 2), Pause(3),
    )  # fmt: skip
    assert story.sent(story.performed()) == ["hangup"]


def test_leading_pause_delays_the_answer(story: Story) -> None:
    made = story.call_runs('<Pause length="2"/><Reject reason="busy"/>')
    assert story.sent(made) == ["perform"]
    story.performed()
    assert story.last.commands == (Reject(CALLER, 486),)
    story.ended(CALLER, 486)
    assert story.call(CALLER).status == "busy"


def test_gather_sends_digits_and_without_digits_goes_on(story: Story) -> None:
    story.call_runs(
        '<Gather numDigits="4" finishOnKey="*" timeout="9"><Say>Pin</Say></Gather><Say>Sorry</Say>'
    )
    (gather,) = story.last_of(Perform).items
    assert gather == Gather((Say("Pin"),), 9, "*", 4)
    story.performed()
    assert [item.text for item in story.last_of(Perform).items if isinstance(item, Say)] == ["Sorry"]


def test_gather_without_action_asks_the_document_it_stands_in(story: Story) -> None:
    story.call_runs("<Gather/>")
    story.performed(digits="42")
    fetch = story.last_of(Fetch)
    assert (fetch.url, fetch.parameters["Digits"]) == (APP.url, "42")


def test_redirect_replaces_the_document(story: Story) -> None:
    story.call_runs('<Redirect method="GET">next?x=1</Redirect><Say>never</Say>')
    assert (story.last_of(Fetch).url, story.last_of(Fetch).method) == (
        "https://app.example.com/next?x=1",
        "GET",
    )
    story.application_answers("<Response><Reject/></Response>")
    assert story.last.commands == (Reject(CALLER, 404),)


def test_documents_that_only_redirect_end_the_call_instead_of_running_for_ever(story: Story) -> None:
    story.caller_calls()
    for _ in range(100):
        if story.sent(story.last) != ["fetch"]:
            break
        story.application_answers("<Response><Redirect>/voice</Redirect></Response>")
    assert story.sent(story.last) == ["reject"]
    assert len(story.all_of(Fetch)) <= 25


@pytest.mark.parametrize(
    ("content_type", "body", "item"),
    [
        ("audio/x-wav", "", Play("https://app.example.com/voice")),
        ("text/plain; charset=utf-8", "a < b & c", Say("a < b & c")),
    ],
)
def test_audio_is_played_and_text_is_spoken(story: Story, content_type: str, body: str, item: object) -> None:
    story.caller_calls()
    story.application_answers(body, content_type)
    assert story.last_of(Perform).items == (item,)


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        ("", "", 11200), ("<Response>", "text/xml", 0), ("{}", "application/json", 0), ("<Html/>", "text/html", 0),
        ('<!DOCTYPE r [<!ENTITY a "aaaa">]><Response><Say>&a;</Say></Response>', "text/xml", 0),
    ],
)  # fmt: skip
def test_application_that_fails_is_asked_at_its_fallback_once_then_the_caller_is_refused(
    story: Story, body: str, content_type: str, error: int
) -> None:
    story.caller_calls(Application(ACCOUNT, url=APP.url, fallback_url="https://app.example.com/fb"))
    story.application_answers(body, content_type, error=error)
    fallback = story.last_of(Fetch)
    assert fallback.url == "https://app.example.com/fb"
    assert fallback.parameters["ErrorCode"]
    assert fallback.parameters["ErrorUrl"] == APP.url
    story.application_answers(body, content_type, error=error)
    assert story.last.commands == (Reject(CALLER, 500),)
    story.ended(CALLER, 500)
    assert story.call(CALLER).status == "failed"


def test_caller_who_leaves_during_the_fetch_hears_nothing_more(story: Story) -> None:
    story.caller_calls()
    story.ended(CALLER)
    assert story.session is not None
    assert not story.session.over
    made = story.application_answers("<Response><Say>late</Say></Response>")
    assert made.commands == ()
    assert story.session.over
    assert story.call(CALLER).status == "canceled"


def test_answer_to_an_older_fetch_is_ignored(story: Story) -> None:
    story.caller_calls()
    before = story.session
    made = story.feed(Fetched, CALLER, "FE-other", status=200, content_type="text/xml", body="<Response/>")
    assert (made.session, made.commands) == (before, ())


def test_end_of_an_older_performance_is_ignored(story: Story) -> None:
    story.call_runs("<Say>One</Say><Hangup/>")
    made = story.feed(Performed, CALLER, "PE-other")
    assert made.commands == ()


# -- API calls
def created(story: Story, to: str = "sip:bob@example.com?tenant=9") -> None:
    hook = StatusHook(
        "https://app.example.com/events", "POST", ("initiated", "ringing", "answered", "completed")
    )
    application = Application(ACCOUNT, url=APP.url, status_hook=hook)
    story.feed(
        Created, CALLER, to, "4711", application, Launch(timeout=20, username="u", password="sealed:x")
    )


def test_api_call_waits_for_a_task_and_then_is_placed(story: Story) -> None:
    created(story)
    assert story.commands == []
    assert story.call(CALLER).status == "queued"
    story.feed(Claimed, "task-2")
    invite = story.last_of(Invite)
    assert (invite.leg.uri, invite.leg.username, invite.leg.timeout) == ("sip:bob@example.com", "u", 20)
    assert ("X-tenant", "9") in invite.leg.headers
    story.feed(Invited, CALLER, "id-1")
    story.rings(CALLER)
    story.feed(Answered, CALLER)
    assert story.last_of(Fetch).parameters["Direction"] == "outbound-api"
    story.application_answers("<Response/>")
    assert story.sent(story.last) == ["hangup"]
    story.ended(CALLER)
    assert [event for event, _, _ in story.events_of(CALLER)] == [
        "initiated",
        "ringing",
        "answered",
        "completed",
    ]
    assert story.session is not None
    assert story.session.over


def test_second_task_that_claims_the_call_places_nothing(story: Story) -> None:
    created(story)
    story.feed(Claimed, "task-2")
    assert story.feed(Claimed, "task-3").commands == ()


def test_queued_call_that_the_api_cancels_ends_at_once(story: Story) -> None:
    created(story)
    made = story.feed(Changed, CALLER, CallChange("canceled"))
    assert made.commands == ()
    assert story.events_of(CALLER) == [("completed", "canceled", 0)]
    assert story.feed(Claimed, "task-2").commands == ()


# -- the shape of a step
def test_same_session_and_event_give_the_same_bytes(story: Story) -> None:
    story.caller_calls()
    event = Fetched(
        CALLER, story.last_of(Fetch).id, 200, "text/xml",
        "<Response><Dial><Sip>sip:b@example.com</Sip></Dial></Response>", APP.url, at=5.0, entropy="e",
    )  # fmt: skip
    assert encode(step(story.session, event)) == encode(step(story.session, event))


def test_session_survives_the_log(story: Story) -> None:
    story.call_runs("<Dial><Sip>sip:bob@example.com</Sip></Dial>")
    assert decode(encode(story.session), Session) == story.session


def test_document_that_no_call_runs_any_more_is_dropped(story: Story) -> None:
    story.call_runs("<Hangup/>")
    story.ended(CALLER)
    assert story.session is not None
    assert story.session.documents == {}


def test_second_incoming_of_a_session_is_ignored(story: Story) -> None:
    story.caller_calls()
    before = story.session
    made = step(before, Incoming(CALLER, "x", "y", at=1.0, application=APP))
    assert (made.session, made.commands) == (before, ())
