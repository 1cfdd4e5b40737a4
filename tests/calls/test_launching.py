"""POST Calls to a number, a client or a SIP URI: what the task that claims the call is told to INVITE."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.calls.commands import Invite
from chalicelib.calls.events import Claimed, Created
from chalicelib.calls.registration import Contact
from chalicelib.calls.routing.policy import Policy
from chalicelib.calls.routing.trunks import Trunk
from chalicelib.calls.session import Application, Launch

from .engine import ACCOUNT, CALLER, Story

POLICY = Policy(
    trunks=(Trunk("carrier.example.com", credential_ref="carrier", from_host="us.example.com"),),
    outbound_proxy="sip:edge.example.com",
)
ALICE = (
    Contact("sip:alice@10.0.0.7", "sip:192.0.2.7;transport=udp", 2e9, 1e9, aor="sip:alice@voice.example.com"),
    Contact("sip:alice@192.0.2.8", "", 2e9, 1e9),
)


def claimed(to: str, **contacts: tuple[Contact, ...]) -> Story:
    story = Story()
    application = Application(ACCOUNT, rcml="<Response/>", policy=POLICY)
    story.feed(Created, CALLER, to, "+4930", application=application, launch=Launch(timeout=20))
    story.feed(Claimed, "task-1", contacts=contacts)
    return story


@pytest.mark.parametrize(
    ("to", "leg"),
    [
        (
            "+1 415 0100?X-A=1",
            {"uri": "sip:+14150100@carrier.example.com", "credential_ref": f"{ACCOUNT}/carrier",
             "from_uri": "sip:+4930@us.example.com"},
        ),
        (
            "client:alice?X-A=1",
            {"uri": "sip:alice@10.0.0.7", "received": "sip:192.0.2.7;transport=udp",
             "to": "sip:alice@voice.example.com"},
        ),
        ("sip:bob@example.net?X-A=1", {"uri": "sip:bob@example.net", "proxy": "sip:edge.example.com"}),
    ],
)  # fmt: skip
def test_call_of_the_api_goes_where_its_to_says(to: str, leg: dict[str, Any]) -> None:
    found = claimed(to, alice=ALICE).last_of(Invite).leg
    assert {name: getattr(found, name) for name in leg} == leg
    assert ("X-A", "1") in found.headers
    assert found.timeout == 20
    assert "X-A" not in claimed(to, alice=ALICE).call(CALLER).to


@pytest.mark.parametrize(
    ("to", "code"), [("client:bob", 32009), ("sip:bob@", 13243), (f"+1?X-A={'a' * 1024}", 13253)]
)
def test_call_that_leads_nowhere_fails_when_it_is_claimed(to: str, code: int) -> None:
    story = claimed(to, bob=())
    assert story.all_of(Invite) == []
    assert (story.call(CALLER).status, story.call(CALLER).error) == ("failed", code)
    assert story.session is not None
    assert story.session.over


def test_contacts_of_a_client_are_asked_for_first() -> None:
    story = Story()
    story.feed(
        Created, CALLER, "client:bob", "+4930", launch=Launch(),
        application=Application(ACCOUNT, rcml="<Response/>", policy=POLICY),
    )  # fmt: skip
    assert story.feed(Claimed, "task-1").wanted == ("bob",)
