"""Dial beyond the plain fork: who is tried when, who is seen calling, and the caller who presses ``*``."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from chalicelib.calls.commands import DialLegs, Fetch, Hangup, Perform
from chalicelib.calls.events import Fetched, RingTimeout, Starred
from chalicelib.calls.step import step

from .engine import CALLER, Story, dial_result

THREE = "<Sip>sip:a@example.com</Sip><Sip>sip:b@example.com</Sip><Sip>sip:c@example.com</Sip>"


def rung(story: Story) -> list[list[str]]:
    """The users that each Dial command INVITEs."""
    return [[leg.uri[4] for leg in command.legs] for command in story.all_of(DialLegs)]


# -- sequential
def test_sequential_rings_one_after_another_in_the_order_of_the_document(story: Story) -> None:
    story.call_runs(f'<Dial sequential="true">{THREE}</Dial>')
    assert rung(story) == [["a"]]
    story.ended(story.legs[0], 486)
    assert rung(story) == [["a"], ["b"]]
    story.feed(RingTimeout, story.legs[0])
    assert rung(story) == [["a"], ["b"], ["c"]]


def test_sequential_stops_at_the_first_who_is_bridged(story: Story) -> None:
    story.call_runs(f'<Dial sequential="true" action="/after">{THREE}</Dial>')
    story.ended(story.legs[0], 486)
    (b,) = story.legs
    story.answers(b)
    story.bridged(b)
    story.ended(b)
    assert rung(story) == [["a"], ["b"]]
    assert (dial_result(story)["DialCallStatus"], dial_result(story)["DialCallSid"]) == ("completed", b)
    assert [leg["to"] for leg in json.loads(dial_result(story)["DialLegs"])] == [
        "sip:a@example.com",
        "sip:b@example.com",
    ]


def test_sequential_goes_past_a_noun_that_cannot_be_dialled(story: Story) -> None:
    story.call_runs('<Dial sequential="true"><Sip>nonsense</Sip><Sip>sip:b@example.com</Sip></Dial>')
    assert rung(story) == [["b"]]
    assert 13243 in story.problems


def test_sequential_goes_on_after_a_callee_who_declined_in_screening(story: Story) -> None:
    story.call_runs(
        '<Dial sequential="true"><Sip url="/screen">sip:a@example.com</Sip><Sip>sip:b@example.com</Sip></Dial>'
    )
    story.answers(story.legs[0])
    story.application_answers("<Response><Hangup/></Response>")
    assert rung(story) == [["a"], ["b"]]


def test_sequential_with_everyone_busy_runs_the_action_once(story: Story) -> None:
    story.call_runs(f'<Dial sequential="true" action="/after">{THREE}</Dial>')
    for _ in range(3):
        story.ended(story.legs[0], 486)
    assert dial_result(story)["DialCallStatus"] == "busy"


def test_caller_who_leaves_ends_the_hunt(story: Story) -> None:
    story.call_runs(f'<Dial sequential="true" action="/after">{THREE}</Dial>')
    story.ended(CALLER)
    assert rung(story) == [["a"]]
    assert dial_result(story)["DialCallStatus"] == "canceled"


# -- priority and weight
def test_lowest_priority_rings_first_and_together(story: Story) -> None:
    story.call_runs(
        '<Dial><Sip priority="2">sip:a@example.com</Sip><Sip priority="1">sip:b@example.com</Sip>'
        '<Sip priority="1">sip:c@example.com</Sip></Dial>'
    )
    assert rung(story) == [["b", "c"]]
    for leg in story.legs:
        story.ended(leg, 503)
    assert rung(story) == [["b", "c"], ["a"]]


def test_weight_shares_the_first_try_out_among_targets() -> None:
    asked = Story()
    asked.caller_calls()
    fetch = asked.last_of(Fetch)
    body = (
        '<Response><Dial sequential="true"><Sip weight="1">sip:a@example.com</Sip>'
        '<Sip weight="3">sip:b@example.com</Sip></Dial></Response>'
    )
    first: Counter[str] = Counter()
    for number in range(2000):
        answer = Fetched(
            at=asked.now, entropy=f"{number:032x}", call=CALLER, id=fetch.id, status=200,
            content_type="text/xml", body=body, url=fetch.url,
        )  # fmt: skip
        made = step(asked.session, answer)
        assert made == step(asked.session, answer)
        (dial,) = [command for command in made.commands if isinstance(command, DialLegs)]
        first[dial.legs[0].uri[4]] += 1
    assert 0.72 < first["b"] / 2000 < 0.78  # 3 of 4; five standard deviations are 0.048


# -- hangupOnStar
STAR = f'<Dial hangupOnStar="true" action="/after">{THREE}</Dial>'


def test_star_of_the_caller_ends_the_bridge_and_the_document_goes_on(story: Story) -> None:
    story.call_runs('<Dial hangupOnStar="true"><Sip>sip:a@example.com</Sip></Dial><Say>after</Say>')
    assert story.last_of(DialLegs).hangup_on_star
    (a,) = story.legs
    story.answers(a)
    story.bridged(a)
    made = story.feed(Starred, CALLER)
    assert Hangup(a) in made.commands
    assert story.sent(made) == ["hangup", "perform"]
    assert len(story.all_of(Perform)) == 1


def test_star_during_a_bridge_is_a_completed_dial(story: Story) -> None:
    story.call_runs(STAR)
    story.answers(story.legs[0])
    story.bridged(story.legs[0])
    story.feed(Starred, CALLER)
    assert dial_result(story)["DialCallStatus"] == "completed"
    assert dial_result(story)["DialBridged"] == "true"


def test_star_while_it_rings_cancels_every_leg_and_rings_nobody_else(story: Story) -> None:
    story.call_runs(f'<Dial hangupOnStar="true" action="/after" sequential="true">{THREE}</Dial>')
    story.ended(story.legs[0], 486)
    made = story.feed(Starred, CALLER)
    assert Hangup(story.legs[0]) in made.commands
    assert rung(story) == [["a"], ["b"]]
    assert dial_result(story)["DialCallStatus"] == "canceled"


# -- who is seen calling
@pytest.mark.parametrize(
    ("attribute", "uri", "name"),
    [
        ("", "sip:alice@example.com", ""),
        ('callerId="+4420"', "+4420", ""),
        ('callerId="sip:desk@example.net"', "sip:desk@example.net", ""),
        ("callerId='\"Front desk\" &lt;sip:desk@example.net>'", "sip:desk@example.net", "Front desk"),
    ],
)
def test_caller_id_is_what_the_callee_sees(story: Story, attribute: str, uri: str, name: str) -> None:
    story.call_runs(f"<Dial {attribute}><Sip>sip:a@example.com</Sip></Dial>")
    (leg,) = story.last_of(DialLegs).legs
    assert (leg.from_uri, leg.from_name) == (uri, name)


# -- what the caller hears, and nothing to dial
def test_music_goes_out_as_an_absolute_url(story: Story) -> None:
    story.call_runs(f'<Dial dialMusic="/wait.wav" ringTone="de">{THREE}</Dial>')
    assert story.last_of(DialLegs).music == "https://app.example.com/wait.wav"
    assert story.last_of(DialLegs).ring_tone == "de"


def test_dial_without_a_noun_failed_and_its_action_is_asked(story: Story) -> None:
    story.call_runs('<Dial action="/after"></Dial>')
    assert dial_result(story)["DialCallStatus"] == "failed"
