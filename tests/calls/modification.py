"""POST Calls/{CallSid} in a story: a call is sent elsewhere, and what then becomes of it and of the others."""

from __future__ import annotations

from chalicelib.calls.commands import Fetch, Hangup, Perform, Say
from chalicelib.calls.events import CallChange, Changed, Fetched

from .engine import HOOK, Story

TWO = (
    f'<Dial action="/after"><Sip {HOOK}>sip:bob@example.com</Sip><Sip {HOOK}>sip:carol@example.com</Sip></Dial>'
    "<Say>never said</Say>"
)
ELSEWHERE = "https://app.example.com/elsewhere"
SAY = "<Response><Say>Elsewhere</Say></Response>"


def sent_to(story: Story, sid: str, *, with_peer: bool = False, rcml: str = "") -> None:
    url = "" if rcml else ELSEWHERE
    story.feed(Changed, sid, CallChange("", url, "GET", rcml, with_peer))


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
