"""A session in the task: its legs, what runs on them, and which commands of the engine reach which of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.calls import commands, events
from chalicelib.calls.commands import Command
from chalicelib.calls.protocol import ChangeRequest
from chalicelib.catalogue import Code
from chalicelib.log_lines import about
from chalicelib.sip.headers import Headers
from chalicelib.sip.refer import Refer
from chalicelib.sip.status import Status

from ..engine.account import SipAccount
from ..engine.loop import GuardedLoop, Timer
from ..media.performance import Performances
from ..media.recording import DialRecording
from .call_limits import CallLimits
from .context import Context
from .fork import Fork, Forks
from .leg import Leg
from .outbound_leg import FinalResponse, LegSetup
from .send_digits import DigitSender, nothing
from .step_client import StepClient, now

GIVE_UP_SECONDS = 30.0
"""For the calls of a session that failed to end, and for their end to be told."""
_log = logging.getLogger(__name__)


class TaskSession:
    """Observes its legs.  ``closed`` is called once, when no leg is left and nothing is to be said.

    Whatever fails in a closure of the session's on the loop gives it up: nobody knows what it left undone.
    """

    def __init__(
        self, context: Context, sid: str, number: int, closed: Callable[[TaskSession], None]
    ) -> None:
        self.sid = sid
        self.call_ids: dict[str, str] = {}
        self._main_loop = context.loop
        self._context = replace(context, loop=GuardedLoop(context.loop, self._failed))
        self.steps = StepClient(self._context.step_links, sid, number, self)
        self.sip = self.steps.sip
        self._closed = closed
        self._legs: dict[str, Leg] = {}
        self._ended: set[str] = set()
        self._setups: dict[str, LegSetup] = {}
        self._changes: set[str] = set()
        self._performances = Performances(self._context.sources, self._performed)
        self._forks = Forks()
        self._limits = CallLimits(self._context.loop, context.settings)
        self._time_limit = 0.0
        self._last_resort: Timer | None = None

    def come_in(self, account: SipAccount, call_id: int, event: events.Incoming) -> None:
        """The INVITE that ``event`` tells of; inside the engine's callback."""
        leg = self.new_leg(self.sid)
        leg.accept(account, call_id)
        leg.sip_call_id = event.sip_call_id
        self._limits.came_in(leg)
        self._know_dialog(leg)
        self._context.loop.soon(partial(self.steps.report, event))

    def change(self, message: ChangeRequest) -> None:
        """What the API asks of a call.  A queue may give the same message twice: only the first counts."""
        if message.id and message.id in self._changes:
            return
        self._changes.add(message.id)
        self.steps.report(events.Changed(**now(), call=message.call, change=message.change))

    def drop(self) -> None:
        """Hang up every leg, each by itself.  A caller without an answer gets 500: nobody has declined his call."""
        for leg in self._legs.values():
            ending = partial(self._hang_up, leg.sid)
            if leg.inbound and not leg.answered:
                ending = partial(leg.hang_up, Status.SERVER_INTERNAL_ERROR)
            self._context.loop.soon(ending)
        self.close_if_done()

    def close_if_done(self) -> None:
        """See CommandHandler."""
        if not self._legs and self.steps.done:
            self._close()

    def _failed(self, error: Exception) -> None:
        """Give the session up.  A call that was already over may not have been told to be."""
        kind = type(error).__name__
        _log.error("session %s: %s", self.sid, kind, exc_info=error, extra=about(self.sid))
        if self._last_resort is None:
            self._last_resort = self._main_loop.after(GIVE_UP_SECONDS, self._close)
            self.steps.abandon(Code.INTERNAL_FAILURE)
        for leg in list(self._legs.values()):
            if leg.over:
                self._let_go(leg)
        self.close_if_done()

    def _close(self) -> None:
        """Calls that did not end are nobody's from now on."""
        if self._last_resort is not None:
            self._last_resort.cancel()
        self._closed(self)
        for leg in list(self._legs.values()):
            leg.forsake()
            self._let_go(leg)

    def _let_go(self, leg: Leg) -> None:
        self._legs.pop(leg.sid, None)
        self._limits.ended(leg)
        self._performances.stop(leg.sid)

    # --- commands ---

    def carry_out(self, command: Command) -> None:
        """See CommandHandler."""
        match command:
            case commands.Invite():
                self._time_limit = command.time_limit
                self._place(command.leg)
            case commands.DialLegs() | commands.Bridge() | commands.Part():
                self._connect(command)
            case commands.Fetch():
                self.steps.fetch(command)
            case _:
                self._signal(command)

    def _signal(self, command: Command) -> None:
        leg = self._legs.get(commands.subject(command))
        match command:
            case commands.Hangup():
                self._hang_up(command.call)
            case _ if leg is None:
                return
            case commands.Perform():
                self._performances.begin(leg, command)
            case commands.Ring():
                leg.respond(Status.RINGING)
            case commands.Answer():
                leg.respond(Status.OK)
            case commands.Reject():
                leg.hang_up(command.code)
            case commands.Notify():
                leg.tell_referral(command.code)
                if (fork := self._forks.of(leg)) is not None:
                    fork.referral_ended()

    def _connect(self, command: commands.DialLegs | commands.Bridge | commands.Part) -> None:
        fork = self._forks.by(command.call)
        match command:
            case commands.DialLegs():
                self._dial(command)
            case commands.Bridge():
                leg = self._legs.get(command.leg)
                if leg is not None and fork is not None:
                    self._performances.stop(command.leg)
                    fork.accept(leg)
            case commands.Part():
                if fork is not None:
                    fork.part(command.legs)

    def _hang_up(self, call: str) -> None:
        if call in self._setups:
            self._setups[call].give_up()
        elif call in self._legs:
            self._legs[call].hang_up()
        elif call not in self._ended:
            self._ended.add(call)
            self.steps.report(events.Ended(**now(), call=call))

    def _place(self, command: commands.OutboundLeg) -> LegSetup:
        context, new_leg = self._context, partial(self.new_leg, command.call)
        setup = LegSetup(
            context.loop, context.router, context.endpoint.host, new_leg, command, self._rang_out
        )
        if not setup.leg.over:
            self._setups[command.call] = setup
        return setup

    def _dial(self, command: commands.DialLegs) -> None:
        parent = self._legs.get(command.call)
        if parent is None:
            for leg in command.legs:
                self._hang_up(leg.call)
            return
        self._performances.stop(command.call)
        setups = {leg.call: self._place(leg) for leg in command.legs}
        recording = DialRecording(self._context.recordings, command, self.steps.mention)
        bridged = partial(self._was_bridged, parent, command)
        self._forks.begin(
            Fork(self._context.sources, parent, command, setups, bridged, self._starred, recording)
        )

    # --- what happens ---

    def _know_dialog(self, leg: Leg) -> None:
        self.call_ids[leg.sip_call_id] = leg.sid
        self._context.dialogs[leg.sip_call_id] = (self.steps, leg.sid)

    def new_leg(self, sid: str) -> Leg:
        """A leg of this session, not yet anywhere."""
        leg = self._legs[sid] = Leg(self._context.loop, self._context.endpoint.account, sid, self)
        return leg

    def leg_invited(self, leg: Leg) -> None:
        """See LegObserver."""
        self._know_dialog(leg)
        if not leg.over:
            self.steps.mention(events.Invited(**now(), call=leg.sid, sip_call_id=leg.sip_call_id))

    def leg_provisional(self, leg: Leg, code: int, reason: str) -> None:
        """See LegObserver."""
        self.steps.report(events.Provisional(**now(), call=leg.sid, code=code, reason=reason))

    def leg_answered(self, leg: Leg, headers: Headers) -> None:
        """See LegObserver."""
        setup, fork = self._setups.get(leg.sid), self._forks.of(leg)
        answered = events.Answered(**now(), call=leg.sid, headers=headers)
        screened = setup is not None and setup.command.screened
        if fork is not None and not screened:  # part of a bridge that the task makes without the engine
            self.steps.mention(answered)
        else:
            self.steps.report(answered)
        self._limits.answered(leg, self._time_limit if leg.sid == self.sid else 0.0)
        if setup is not None:
            setup.answered()
            if leg.sid != self.sid:
                self._take_up(leg, setup, fork)

    def _take_up(self, leg: Leg, setup: LegSetup, fork: Fork | None) -> None:
        """A leg of a Dial answered: its digits are sent, then it is bridged, unless it is screened or came too late."""
        if fork is not None and fork.winner is not None:
            fork.accept(leg)
            return
        accept = nothing if fork is None or setup.command.screened else partial(fork.accept, leg)
        DigitSender(self._context.loop, leg, setup.command.send_digits, accept)

    def leg_media(self, leg: Leg) -> None:
        """See LegObserver."""
        self._performances.media_ready(leg)
        self._forks.media_ready()

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """See LegObserver."""
        fork = self._forks.of(leg)
        if not self._performances.digit(leg, digit) and fork is not None:
            fork.digit(leg, digit)

    def leg_referred(self, leg: Leg, refer: Refer) -> None:
        """See LegObserver."""
        fork = self._forks.of(leg)
        if fork is not None:
            fork.referred(leg)
        target, by = refer.target, refer.referred_by
        self.steps.report(events.Referred(**now(), call=leg.sid, target=target, referred_by=by))

    def leg_ended(self, leg: Leg, code: int, reason: str, headers: Headers, error: int) -> None:
        """See LegObserver."""
        setup, fork = self._setups.get(leg.sid), self._forks.of(leg)
        if setup is not None and setup.goes_on(leg, FinalResponse(code, reason, headers)):
            return
        self._let_go(leg)
        self._ended.add(leg.sid)
        self._setups.pop(leg.sid, None)
        if setup is not None:
            setup.answered()
        if fork is not None:
            fork.before_end(leg)
        about_end: dict[str, Any] = {"code": code, "reason": reason, "headers": headers, "error": error}
        self.steps.add(events.Ended(**now(), call=leg.sid, **about_end))
        if fork is not None:
            fork.ended(leg)
        self.steps.post()
        self.close_if_done()

    def _rang_out(self, leg: Leg) -> None:
        if not leg.answered and not leg.over:
            fork = self._forks.of(leg)
            if fork is not None:
                fork.before_end(leg)
            self.steps.report(events.RingTimeout(**now(), call=leg.sid))
            self._hang_up(leg.sid)

    def _was_bridged(self, parent: Leg, command: commands.DialLegs, leg: Leg) -> None:
        self._limits.bridged(parent, leg, command.time_limit)
        self.steps.mention(events.Bridged(**now(), call=leg.sid))

    def _starred(self, caller: Leg) -> None:
        self.steps.report(events.Starred(**now(), call=caller.sid))

    def _performed(self, command: commands.Perform, digits: str, error: int) -> None:
        self.steps.report(
            events.Performed(**now(), call=command.call, id=command.id, digits=digits, error=error)
        )
