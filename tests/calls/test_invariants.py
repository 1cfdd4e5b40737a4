"""The engine's invariants under any order, loss and repetition of events.

The machine plays a hostile world: it does not follow the commands, it throws events of every kind at any call, with
present, old and invented ids.  Whatever happens, the promises of the contract hold after every step; and when the
world at last ends every call and answers every request, the session is over and nothing was told twice.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib.calls.commands import Fetch, Hangup, Notify, Perform, subject
from chalicelib.calls.events import (
    Abandoned,
    Answered,
    Bridged,
    CallChange,
    Changed,
    Ended,
    Fetched,
    Invited,
    Performed,
    Provisional,
    Referred,
    RingTimeout,
    Starred,
    TaskLost,
)
from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.session import Dial, Session

from .engine import CALLER, Story

# A minute on a quiet machine.
pytestmark = pytest.mark.timeout(600)
HOOK = 'statusCallback="/e" statusCallbackEvent="initiated ringing answered completed"'
DOCUMENTS = (
    (
        f'<Dial action="/after" sequential="true" hangupOnStar="true"><Sip {HOOK} weight="2">sip:a@example.com</Sip>'
        f'<Sip {HOOK}>sip:bad host</Sip><Sip {HOOK} priority="1">sip:b@example.com</Sip></Dial><Say>after</Say>'
    ),
    (
        f'<Dial action="/after" referUrl="/refer"><Sip {HOOK}>sip:a@example.com</Sip>'
        f"<Sip {HOOK}>sip:b@example.com</Sip></Dial>"
    ),
    (
        f'<Dial action="/after" answerOnBridge="true"><Sip {HOOK} url="/screen">sip:a@example.com</Sip>'
        f"<Sip {HOOK}>sip:b@example.com</Sip><Sip {HOOK}>sip:bad host</Sip></Dial><Say>after</Say>"
    ),
    f"<Dial><Sip {HOOK}>sip:a@example.com</Sip></Dial><Dial action='/after'><Sip>nonsense</Sip></Dial>",
    "<Gather><Say>digits</Say></Gather><Redirect>/again</Redirect>",
    "<Pause/><Say>One</Say><Hangup/>",
    "<Redirect>/again</Redirect>",
    "<Reject/>",
    "",
    "<broken",
)
CODES = st.sampled_from([0, 200, 302, 401, 404, 408, 480, 486, 487, 500, 503, 600, 603])
picks = st.integers(min_value=0, max_value=20)


class HostileWorld(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.story.caller_calls()
        self.asked: Counter[str] = Counter()  # a Dial goes by its first leg: later rounds bring more
        self.dials: dict[str, bool] = {}
        self.bridges: dict[str, set[str]] = {}
        self.referred: Counter[str] = Counter()
        self.seen = 0

    @property
    def session(self) -> Session:
        assert self.story.session is not None
        return self.story.session

    def some_call(self, pick: int) -> str:
        """Also one that the session has let go: what comes late for it changes nothing."""
        calls = sorted(self.session.calls | self.story.gone)
        return calls[pick % len(calls)]

    def throw(self, kind: type, *arguments: object, **fields: object) -> None:
        """Feed one event and check what the step may not do."""
        ended_before = {sid for sid, call in self.session.calls.items() if call.over} | set(self.story.gone)
        if kind is Referred:
            self.referred[str(arguments[0])] += 1
        made = self.story.feed(kind, *arguments, **fields)
        for command in made.commands:
            assert isinstance(command, Fetch) or subject(command) not in ended_before
            if isinstance(command, Notify):
                assert self.referred[command.call] > 0, "a NOTIFY without a REFER"
                self.referred[command.call] -= 1
            if isinstance(command, Fetch) and "DialLegs" in command.parameters:
                legs = json.loads(command.parameters["DialLegs"])
                self.asked[legs[0]["sid"]] += 1

    @initialize(body=st.sampled_from(DOCUMENTS[:4]))
    def application_dials(self, body: str) -> None:
        self.story.application_answers(f"<Response>{body}</Response>")

    @rule(pick=picks, code=CODES)
    def leg_ends(self, pick: int, code: int) -> None:
        legs = sorted(set(self.session.calls | self.story.gone) - {CALLER})
        if legs:
            self.throw(Ended, legs[pick % len(legs)], code)

    @rule(pick=st.integers(0, 8), code=CODES)
    def caller_leaves(self, pick: int, code: int) -> None:
        if pick == 0:
            self.throw(Ended, CALLER, code)

    @rule(pick=picks, code=CODES)
    @precondition(lambda self: self.seen > 30)
    def call_ends(self, pick: int, code: int) -> None:
        self.throw(Ended, self.some_call(pick), code)

    @rule(pick=picks)
    def invite_goes_out(self, pick: int) -> None:
        self.throw(Invited, self.some_call(pick), "sip-call-id")

    @rule(pick=picks)
    def rings(self, pick: int) -> None:
        self.throw(Provisional, self.some_call(pick), 183)

    @rule(pick=picks)
    def answers(self, pick: int) -> None:
        self.throw(Answered, self.some_call(pick), (("X-A", "1"),))

    @rule(pick=picks)
    def is_bridged(self, pick: int) -> None:
        self.throw(Bridged, self.some_call(pick))

    @rule(chance=picks)
    def caller_presses_star(self, chance: int) -> None:
        if chance == 0:
            self.throw(Starred, CALLER)

    @rule(pick=picks)
    def somebody_refers(self, pick: int) -> None:
        self.throw(Referred, self.some_call(pick), "sip:carol@example.com")

    @rule(caller=st.booleans())
    @precondition(lambda self: self.pair())
    def one_who_talks_refers(self, caller: bool) -> None:
        self.throw(Referred, self.pair()[0 if caller else 1], "sip:carol@example.com")

    @rule(pick=picks)
    def rings_too_long(self, pick: int) -> None:
        self.throw(RingTimeout, self.some_call(pick))

    @rule(pick=picks, digits=st.sampled_from(["", "1"]))
    def performance_ends(self, pick: int, digits: str) -> None:
        done = self.story.all_of(Perform)
        if done:
            command = done[-1 - pick % min(3, len(done))]
            self.throw(Performed, command.call, command.id, digits=digits)

    @rule(pick=picks, body=st.sampled_from(DOCUMENTS), error=st.sampled_from([0, 0, 0, 11200]))
    def application_answers(self, pick: int, body: str, error: int) -> None:
        done = self.story.all_of(Fetch)
        command = done[-1 - pick % min(3, len(done))]
        self.throw(
            Fetched, command.call, command.id, status=200, content_type="text/xml",
            body=f"<Response>{body}</Response>", url=command.url, error=error,
        )  # fmt: skip

    @rule(pick=picks)
    def api_ends_a_call(self, pick: int) -> None:
        self.throw(Changed, self.some_call(pick), CallChange("completed"))

    @rule(pick=picks, body=st.sampled_from(["", *DOCUMENTS]), with_peer=st.booleans())
    def api_sends_a_call_elsewhere(self, pick: int, body: str, with_peer: bool) -> None:
        self.send_elsewhere(self.some_call(pick), body, with_peer)

    @rule(child=st.booleans(), body=st.sampled_from(["", *DOCUMENTS]), with_peer=st.booleans())
    @precondition(lambda self: self.pair())
    def api_parts_those_who_talk(self, child: bool, body: str, with_peer: bool) -> None:
        parted = self.session.parent.dial
        named, peer = self.pair()[::-1] if child else self.pair()
        self.send_elsewhere(named, body, with_peer)
        assert self.session.parent.dial != parted
        assert with_peer or Hangup(peer) in self.story.last.commands

    def pair(self) -> tuple[str, ...]:
        """The caller and the callee, when they talk and neither is being hung up."""
        dial = self.session.parent.dial
        pair = (CALLER, dial.bridged) if dial and dial.bridged else ()
        calls = [self.session.calls[sid] for sid in pair]
        return () if any(call.ending or call.over for call in calls) else pair

    def send_elsewhere(self, sid: str, body: str, with_peer: bool) -> None:
        change = CallChange(
            url="" if body else "https://app.example.com/elsewhere",
            rcml=f"<Response>{body}</Response>" if body else "",
            with_peer=with_peer,
        )
        self.throw(Changed, sid, change)

    @rule(chance=picks)
    @precondition(lambda self: self.seen > 12)
    def task_dies(self, chance: int) -> None:
        if chance == 0:
            self.throw(TaskLost, "task-1")

    @rule(chance=picks)
    @precondition(lambda self: self.seen > 12)
    def session_is_abandoned(self, chance: int) -> None:
        if chance == 0:
            self.throw(Abandoned, CALLER, 12400)
            assert all(call.over for call in self.session.calls.values())

    @rule(call=st.sampled_from(["CAunknown", ""]))
    def stranger_ends(self, call: str) -> None:
        before = self.session
        self.throw(Ended, call, 200)
        assert self.session == before

    # -- what holds after every step
    @invariant()
    def promises_hold(self) -> None:
        self.seen += 1
        self.numbers_have_no_gap()
        self.one_bridge_per_dial()
        assert all(count == 1 for count in self.asked.values()), "two action requests for one Dial"
        assert decode(encode(self.session), Session) == self.session

    def numbers_have_no_gap(self) -> None:
        numbers: dict[str, list[int]] = {}
        for callback in self.story.callbacks:
            numbers.setdefault(callback.call, []).append(callback.sequence)
        assert all(found == list(range(len(found))) for found in numbers.values())
        completed = Counter(c.call for c in self.story.callbacks if c.event == "completed")
        assert all(count == 1 for count in completed.values())

    def one_bridge_per_dial(self) -> None:
        for call in self.session.calls.values():
            if call.dial is not None:
                self.one_bridge(call.dial)

    def one_bridge(self, dial: Dial) -> None:
        self.dials[dial.legs[0]] = bool(dial.action)
        if dial.bridged:
            self.bridges.setdefault(dial.legs[0], set()).add(dial.bridged)
            others = [self.session.calls[sid] for sid in dial.legs if sid != dial.bridged]
            assert all(leg.over or leg.ending or leg.independent for leg in others), (
                "a loser was left ringing"
            )
        assert all(len(winners) == 1 for winners in self.bridges.values())

    def teardown(self) -> None:
        """The world ends every call and answers every request: now the session must be over, and all told once."""
        while alive := [sid for sid, call in self.session.calls.items() if not call.over]:
            self.throw(Ended, alive[-1], 487)
        for command in self.story.all_of(Fetch):
            self.throw(
                Fetched, command.call, command.id, status=200, content_type="text/xml", body="<Response/>"
            )
        assert self.session.over
        assert self.session.documents == {}
        assert list(self.session.calls) == [CALLER], "a call that nothing needs is kept"
        for sid, call in (self.session.calls | self.story.gone).items():
            if call.hook is not None:
                assert [c.event for c in self.story.callbacks if c.call == sid][-1] == "completed"
        for first_leg, has_action in self.dials.items():
            assert self.asked[first_leg] == (1 if has_action else 0)
        assert CALLER in self.session.calls


TestHostileWorld = HostileWorld.TestCase
TestHostileWorld.settings = settings(
    max_examples=300,
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
