"""What Number and Client have in common with Sip."""

from __future__ import annotations

import pytest

from chalicelib.calls.commands import DialLegs, Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.registration import Contact
from chalicelib.calls.routing.policy import Policy
from chalicelib.calls.routing.trunks import Trunk
from chalicelib.calls.session import Application

from .engine import ACCOUNT, CALLER, Story

ATTRIBUTES = (
    'url="/screen" method="GET" statusCallback="/events" statusCallbackMethod="GET" '
    'statusCallbackEvent="answered completed"'
)


@pytest.mark.parametrize(
    ("noun", "shown"),
    [
        (f"<Number {ATTRIBUTES}>+4930</Number>", "+4930"),
        (f"<Client {ATTRIBUTES}>alice</Client>", "client:alice"),
        (f"<Sip {ATTRIBUTES}>sip:bob@example.com</Sip>", "sip:bob@example.com"),
    ],
)
def test_number_and_client_are_screened_and_report_as_a_sip_does(noun: str, shown: str) -> None:
    story = Story()
    policy = Policy(trunks=(Trunk("carrier.example.com"),))
    story.caller_calls(Application(ACCOUNT, url="https://app.example.com/voice", policy=policy))
    request = story.last_of(Fetch)
    contact = Contact("sip:alice@192.0.2.1", "", expires_at=2e9, registered_at=1e9)
    story.feed(
        Fetched, CALLER, request.id, status=200, content_type="text/xml", url=request.url,
        body=f"<Response><Dial>{noun}</Dial></Response>", contacts={"alice": (contact,)},
    )  # fmt: skip
    (leg,) = story.last_of(DialLegs).legs
    assert leg.screened
    story.answers(leg.call)
    screening = story.last_of(Fetch)
    assert (screening.url, screening.method) == ("https://app.example.com/screen", "GET")
    assert screening.parameters["To"] == shown
    story.ended(leg.call)
    assert [(c.event, c.method, c.url) for c in story.callbacks] == [
        ("answered", "GET", "https://app.example.com/events"),
        ("completed", "GET", "https://app.example.com/events"),
    ]


def test_contact_with_a_question_mark_in_its_user_is_called_as_it_is() -> None:
    story = Story()
    story.caller_calls()
    request = story.last_of(Fetch)
    contact = Contact("sip:a?b@192.0.2.1", "", expires_at=2e9, registered_at=1e9)
    story.feed(
        Fetched, CALLER, request.id, status=200, content_type="text/xml", url=request.url,
        body="<Response><Dial><Client>alice?X-A=1</Client></Dial></Response>", contacts={"alice": (contact,)},
    )  # fmt: skip
    (leg,) = story.last_of(DialLegs).legs
    assert leg.uri == "sip:a?b@192.0.2.1"
    assert ("X-A", "1") in leg.headers


@pytest.mark.parametrize("name", ["a" * 122, "", "?X-A=1"])
def test_client_that_could_never_register_is_looked_up_nowhere(name: str) -> None:
    story = Story()
    story.call_runs(f"<Dial><Client>{name}</Client></Dial>")
    assert set(story.problems) == {13215}
    assert story.last.wanted == ()


def test_leg_with_video_is_placed_with_audio_only_and_a_warning() -> None:
    story = Story()
    story.call_runs('<Dial><Sip name="sip:bob@example.com"><Video enable="true"/></Sip></Dial>')
    (leg,) = story.last_of(DialLegs).legs
    assert leg.uri == "sip:bob@example.com"
    assert story.problems == [15004]
