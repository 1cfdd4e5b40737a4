"""What must not come out: a password in the URI is no secret store, but it goes no further than we must carry it."""

from __future__ import annotations

from chalicelib.calls.protocol import encode

from .engine import Story

HOOK = 'statusCallback="/events" statusCallbackEvent="initiated,completed"'


def test_password_in_a_uri_reaches_no_callback_and_no_action() -> None:
    story = Story()
    story.call_runs(f'<Dial action="/after"><Sip {HOOK}>sip:bob:hunter2@example.com</Sip></Dial>')
    (bob,) = story.legs
    story.invited(bob)
    story.ended(bob, 486)
    assert all(b"hunter2" not in encode(callback) for callback in story.callbacks)
    assert b"hunter2" not in encode(story.last.commands)


def test_unknown_transport_is_a_warning_and_udp() -> None:
    story = Story()
    story.call_runs("<Dial><Sip>sip:bob@example.com;transport=pigeon</Sip></Dial>")
    assert 32110 in story.problems
    assert len(story.legs) == 1
