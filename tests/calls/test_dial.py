"""Dial as docs/contract.md §2 and §3 have it, told event by event."""

from __future__ import annotations

import json

import pytest

from chalicelib.calls.commands import DialLegs, Hangup, Perform
from chalicelib.calls.events import RingTimeout, TaskLost
from chalicelib.calls.session import Application

from .engine import ACCOUNT, CALLER, HOOK, Story, dial_result

TWO = (
    f'<Dial action="/after"><Sip {HOOK}>sip:bob@example.com</Sip>'
    f"<Sip {HOOK}>sip:carol@example.com;transport=tcp?dept=sales</Sip></Dial>"
)


def test_every_noun_is_invited_in_one_command_and_the_caller_is_answered_first(story: Story) -> None:
    step = story.call_runs(TWO)
    assert story.sent(step) == ["answer", "dial"]
    bob, carol = story.last_of(DialLegs).legs
    assert (bob.uri, carol.uri) == ("sip:bob@example.com", "sip:carol@example.com;transport=tcp")
    assert ("X-dept", "sales") in carol.headers
    assert ("X-CallAPI-ParentCallSid", CALLER) in carol.headers
    assert story.last_of(DialLegs).ring_tone == "us"


def test_answer_on_bridge_rings_the_caller_instead_of_answering(story: Story) -> None:
    step = story.call_runs('<Dial answerOnBridge="true"><Sip>sip:bob@example.com</Sip></Dial>')
    assert story.sent(step) == ["ring", "dial"]
    assert story.last_of(DialLegs).answer_on_bridge


def test_each_leg_reports_its_progress_with_numbers_from_zero(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    for sid in (bob, carol):
        story.invited(sid)
        story.rings(sid)
    story.answers(bob)
    story.bridged(bob)
    story.ended(carol, 487, reason="Request Terminated")
    story.ended(bob)
    assert story.events_of(bob) == [
        ("initiated", "initiated", 0), ("ringing", "ringing", 1), ("answered", "in-progress", 2),
        ("completed", "completed", 3),
    ]  # fmt: skip
    assert story.events_of(carol) == [
        ("initiated", "initiated", 0), ("ringing", "ringing", 1), ("completed", "canceled", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "events"), [(180, 2), (183, 2), (181, 1), (182, 1), (199, 1)])
def test_180_and_183_are_ringing_and_no_other_provisional_response(
    story: Story, code: int, events: int
) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    story.invited(bob)
    story.rings(bob, code)
    assert [name for name, _, _ in story.events_of(bob)] == ["initiated", "ringing"][:events]


def test_completed_callback_carries_the_contracts_parameters(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    story.invited(bob)
    story.ended(bob, 486, reason="Busy Here")
    parameters = story.callbacks[-1].parameters
    assert parameters["ParentCallSid"] == CALLER
    assert parameters["AccountSid"] == ACCOUNT
    assert parameters["CallSid"] == bob
    assert parameters["CallStatus"] == "busy"
    assert parameters["CallDuration"] == "0"
    assert parameters["CallbackSource"] == "call-progress-events"
    assert parameters["SipResponseCode"] == "486"
    assert parameters["SipResponseReason"] == "Busy Here"
    assert parameters["Direction"] == "outbound-dial"
    assert parameters["Timestamp"].endswith("+0000")
    assert "CallerName" not in parameters


def test_only_completed_is_reported_when_no_events_are_named(story: Story) -> None:
    story.call_runs('<Dial><Sip statusCallback="/events">sip:bob@example.com</Sip></Dial>')
    (bob,) = story.legs
    story.invited(bob)
    story.rings(bob)
    story.ended(bob, 486)
    assert story.events_of(bob) == [("completed", "busy", 0)]


def test_a_busy_leg_removes_only_itself(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    step = story.ended(bob, 486)
    assert step.commands == ()
    assert story.call(CALLER).dial is not None
    assert not story.call(carol).over


def test_a_bridge_that_is_over_asks_the_action_once(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.invited(bob)
    story.answers(bob, ("X-Agent", "7"), ("X-Agent", "8"))
    story.bridged(bob)
    story.ended(bob)
    result = dial_result(story)
    assert result["DialCallStatus"] == "completed"
    assert result["DialCallSid"] == bob
    assert result["DialBridged"] == "true"
    assert result["DialCallDuration"] == "1"
    assert result["DialSipResponseCode"] == "200"
    assert result["DialSipHeader_X-Agent"] == "7,8"
    assert result["DialSipCallId"] == f"id-{bob[-4:]}"
    legs = json.loads(result["DialLegs"])
    assert [(leg["sid"], leg["status"]) for leg in legs] == [(bob, "completed"), (carol, "canceled")]
    assert result["CallSid"] == CALLER
    story.ended(carol, 487)
    dial_result(story)


def test_all_busy_ends_the_dial_with_the_best_response(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.ended(bob, 486)
    story.ended(carol, 503)
    result = dial_result(story)
    assert (result["DialCallStatus"], result["DialSipResponseCode"]) == ("busy", "486")
    assert result["DialBridged"] == "false"
    assert result["DialCallDuration"] == "0"


def test_a_603_beats_every_other_answer(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.ended(bob, 404)
    story.ended(carol, 603)
    assert dial_result(story)["DialSipResponseCode"] == "603"
    assert dial_result(story)["DialCallStatus"] == "busy"


def test_timeout_ends_the_dial_without_waiting_for_the_487(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.feed(RingTimeout, bob)
    story.feed(RingTimeout, carol)
    result = dial_result(story)
    assert (result["DialCallStatus"], result["DialSipResponseCode"]) == ("no-answer", "408")
    story.ended(bob, 487)
    assert story.events_of(bob)[-1][:2] == ("completed", "no-answer")


def test_without_action_the_next_verb_follows_and_then_the_caller_is_hung_up(story: Story) -> None:
    story.call_runs("<Dial><Sip>sip:bob@example.com</Sip></Dial><Say>Nobody is here</Say>")
    step = story.ended(story.legs[0], 486)
    assert story.sent(step) == ["perform"]
    assert story.sent(story.performed()) == ["hangup"]


def test_action_document_replaces_what_came_after_the_dial(story: Story) -> None:
    story.call_runs(TWO + "<Say>never heard</Say>")
    for leg in story.legs:
        story.ended(leg, 480)
    story.application_answers("<Response><Say>Goodbye</Say></Response>")
    (item,) = story.last_of(Perform).items
    assert getattr(item, "text", None) == "Goodbye"
    assert story.sent(story.performed()) == ["hangup"]


def test_caller_who_leaves_while_it_rings_cancels_every_leg_and_the_action_is_asked(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    step = story.ended(CALLER)
    assert {c.call for c in step.commands if isinstance(c, Hangup)} == {bob, carol}
    assert dial_result(story)["DialCallStatus"] == "canceled"
    step = story.application_answers("<Response><Say>nobody hears this</Say></Response>")
    assert step.commands == ()
    story.ended(bob, 487)
    assert story.session is not None
    assert not story.session.over
    story.ended(carol, 487)
    assert story.session.over
    assert [story.events_of(sid)[-1][:2] for sid in (bob, carol)] == [("completed", "canceled")] * 2


def test_caller_who_leaves_the_bridge_hangs_up_the_callee_and_the_dial_is_completed(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    story.answers(bob)
    story.bridged(bob)
    step = story.ended(CALLER)
    assert [c.call for c in step.commands if isinstance(c, Hangup)] == [bob]
    assert dial_result(story)["DialCallStatus"] == "completed"


def test_second_bridge_of_one_dial_is_undone(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.answers(bob)
    story.bridged(bob)
    step = story.bridged(carol)
    assert step.commands == (Hangup(carol),)


def test_answer_that_crosses_our_cancel_is_hung_up_and_stays_canceled(story: Story) -> None:
    story.call_runs(TWO)
    bob, carol = story.legs
    story.answers(bob)
    story.bridged(bob)
    step = story.answers(carol)
    assert step.commands == (Hangup(carol),)
    story.ended(carol)
    assert story.events_of(carol)[-1][:2] == ("completed", "canceled")


def test_late_and_repeated_events_of_an_ended_leg_change_nothing(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    story.ended(bob, 486)
    before = story.session
    for step in (story.ended(bob, 486), story.rings(bob), story.answers(bob)):
        assert (step.session, step.commands, step.callbacks) == (before, (), ())


# -- wrong input
def test_invalid_noun_fails_alone_with_its_code(story: Story) -> None:
    story.call_runs(f"<Dial><Sip {HOOK}>sip:bad host</Sip><Sip>sip:bob@example.com</Sip></Dial>")
    assert 13243 in story.problems
    assert len(story.last_of(DialLegs).legs) == 1
    assert story.callbacks[0].parameters["ErrorCode"] == "13243"
    assert story.callbacks[0].parameters["CallStatus"] == "failed"


def test_dial_of_invalid_nouns_only_fails_and_asks_the_action(story: Story) -> None:
    story.call_runs('<Dial action="/after"><Sip>not a uri</Sip></Dial>')
    assert dial_result(story)["DialCallStatus"] == "failed"
    assert story.all_of(DialLegs) == []


def test_wrong_caller_id_fails_the_dial_and_the_document_goes_on(story: Story) -> None:
    story.call_runs('<Dial callerId="a b"><Sip>sip:bob@example.com</Sip></Dial><Say>next</Say>')
    assert 13214 in story.problems
    assert story.all_of(DialLegs) == []
    assert len(story.all_of(Perform)) == 1


def test_strict_account_may_dial_one_sip_only(story: Story) -> None:
    strict = Application(account_sid=ACCOUNT, rcml=f"<Response>{TWO}</Response>", strict_sip=True)
    story.caller_calls(strict)
    assert 13250 in story.problems
    assert story.all_of(DialLegs) == []


# -- the reaper
def test_task_that_died_fails_its_calls_and_their_callbacks_and_action_still_go_out(story: Story) -> None:
    story.call_runs(TWO)
    bob, _ = story.legs
    story.invited(bob)
    story.answers(bob)
    story.bridged(bob)
    story.feed(TaskLost, "task-1")
    assert {story.call(sid).status for sid in (CALLER, bob)} == {"failed"}
    assert story.events_of(bob)[-1][:2] == ("completed", "failed")
    assert dial_result(story)["DialCallStatus"] == "failed"
    assert story.session is not None
    assert story.session.epoch == 1
    story.application_answers("<Response/>")
    assert story.session.over
