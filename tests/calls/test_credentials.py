from __future__ import annotations

from chalicelib.calls.commands import DialLegs

from .engine import ACCOUNT, Story


def test_leg_names_the_secret_of_its_own_account() -> None:
    story = Story()
    story.call_runs('<Dial><Sip credentialRef="trunk">sip:bob@example.net</Sip></Dial>')
    assert story.last_of(DialLegs).legs[0].credential_ref == f"{ACCOUNT}/trunk"


def test_leg_without_a_name_has_no_secret() -> None:
    story = Story()
    story.call_runs("<Dial><Sip>sip:bob@example.net</Sip></Dial>")
    assert story.last_of(DialLegs).legs[0].credential_ref == ""
