"""Drives the engine by hand: feed events, keep what it asked for.  The tests tell call stories with it."""

from __future__ import annotations

from typing import Any, TypeVar

from chalicelib.calls.commands import Callback, Command, DialLegs, Fetch, Perform
from chalicelib.calls.events import (
    Answered,
    Bridged,
    Ended,
    Event,
    Fetched,
    Incoming,
    Invited,
    Performed,
    Provisional,
)
from chalicelib.calls.session import Application, Call, Session
from chalicelib.calls.step import Step, step

ACCOUNT = "AC" + "0" * 32
CALLER = "CA" + "a" * 32
APP = Application(account_sid=ACCOUNT, url="https://app.example.com/voice")
HOOK = 'statusCallback="/events" statusCallbackEvent="initiated,ringing,answered,completed"'
Kind = TypeVar("Kind")


class Story:
    """One session under test.  Time moves by one second with every event."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.now = 1_700_000_000.0
        self.last = Step(None)
        self.commands: list[Command] = []
        self.callbacks: list[Callback] = []
        self.problems: list[int] = []
        self.gone: dict[str, Call] = {}

    def feed(self, kind: type[Any], *arguments: Any, **fields: Any) -> Step:
        self.now += 1
        event: Event = kind(*arguments, at=self.now, entropy=f"{self.now:.0f}", **fields)
        self.last = step(self.session, event)
        self.session = self.last.session
        self.commands += self.last.commands
        self.callbacks += self.last.callbacks
        self.gone |= {call.sid: call for call in self.last.gone}
        self.problems += [problem.code for problem in self.last.problems]
        return self.last

    # -- the caller and the application
    def caller_calls(self, application: Application | None = APP) -> Step:
        return self.feed(
            Incoming, CALLER, "sip:100@voice.example.com", "sip:alice@example.com",
            sip_call_id="abc@alice", sip_source_ip="192.0.2.7", sip_domain="voice.example.com",
            headers=(("X-Tenant", "7"),), task="task-1", application=application,
        )  # fmt: skip

    def application_answers(self, body: str, content_type: str = "text/xml", **fields: Any) -> Step:
        """Answer the fetch that is under way."""
        fetch = self.last_of(Fetch)
        return self.feed(
            Fetched,
            fetch.call,
            fetch.id,
            status=200,
            content_type=content_type,
            body=body,
            url=fetch.url,
            **fields,
        )

    def call_runs(self, rcml: str) -> Step:
        """A caller calls, is answered, and the application says ``rcml`` (the inside of Response)."""
        self.caller_calls()
        step_made = self.application_answers(f"<Response>{rcml}</Response>")
        if "answer" in self.sent(step_made):
            self.feed(Answered, CALLER)
        return step_made

    def performed(self, digits: str = "") -> Step:
        performance = self.last_of(Perform)
        return self.feed(Performed, performance.call, performance.id, digits=digits)

    # -- the callees
    @property
    def legs(self) -> tuple[str, ...]:
        return tuple(leg.call for leg in self.last_of(DialLegs).legs)

    def invited(self, leg: str) -> Step:
        return self.feed(Invited, leg, f"id-{leg[-4:]}")

    def rings(self, leg: str, code: int = 180) -> Step:
        return self.feed(Provisional, leg, code)

    def answers(self, leg: str, *headers: tuple[str, str]) -> Step:
        return self.feed(Answered, leg, headers)

    def bridged(self, leg: str) -> Step:
        return self.feed(Bridged, leg)

    def ended(self, call: str, code: int = 0, **fields: Any) -> Step:
        return self.feed(Ended, call, code, **fields)

    # -- looking
    def call(self, sid: str) -> Call:
        """As it is, or as it was when the session let it go."""
        assert self.session is not None
        return self.session.calls.get(sid) or self.gone[sid]

    def last_of(self, kind: type[Kind]) -> Kind:
        return self.all_of(kind)[-1]

    def all_of(self, kind: type[Kind]) -> list[Kind]:
        return [command for command in self.commands if isinstance(command, kind)]

    def events_of(self, leg: str) -> list[tuple[str, str, int]]:
        """(event, CallStatus, SequenceNumber) of every callback fired for ``leg``."""
        return [(c.event, c.parameters["CallStatus"], c.sequence) for c in self.callbacks if c.call == leg]

    @staticmethod
    def sent(step_made: Step) -> list[str]:
        """The commands of a step by their tags."""
        return [str(command.__struct_config__.tag) for command in step_made.commands]


def dial_result(story: Story) -> dict[str, str]:
    """The parameters of the one request for the Dial's action, ``/after``."""
    (request,) = [fetch for fetch in story.all_of(Fetch) if fetch.url.endswith("/after")]
    return request.parameters
