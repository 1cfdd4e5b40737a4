"""A session in the task: its legs, what runs on them, and which commands of the engine reach which of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from chalicelib.calls import commands, events
from chalicelib.calls.commands import Command
from chalicelib.calls.protocol import ChangeRequest, SipMessage
from chalicelib.calls.session import Headers
from chalicelib.catalogue import Code
from chalicelib.log_lines import about
from chalicelib.sip.refer import Refer
from chalicelib.sip.status import Status

from ..engine.endpoint import SipAccount
from ..engine.loop import GuardedLoop, Timer
from ..media.recording import DialRecording
from .call_limits import CallLimits
from .context import Services
from .fork import Dialing
from .leg import Leg
from .outbound_leg import Answer, Placing
from .performances import Performances
from .send_digits import Keys, nothing
from .step_client import Conversation, now

GIVE_UP_SECONDS = 30.0
"""For the calls of a session that failed to end, and for their end to be told."""
_log = logging.getLogger(__name__)


ToOneCall = (
    commands.Ring | commands.Answer | commands.Reject | commands.Hangup | commands.Notify | commands.Perform
)


class Session:
    """Implements ``legs.Owner``.  ``closed`` is called once, when no leg is left and nothing is to be said.

    Whatever fails in a closure of the session's on the loop gives it up: nobody knows what it left undone.
    """

    def __init__(self, services: Services, sid: str, number: int, closed: Callable[[Session], None]) -> None:
        self.sid = sid
        self.call_ids: dict[str, str] = {}
        self._main_loop = services.loop
        self._services = replace(services, loop=GuardedLoop(services.loop, self._failed))
        self.conversation = Conversation(self._services, sid, number, self)
        self._closed = closed
        self._legs: dict[str, Leg] = {}
        self._ended: set[str] = set()
        self._placings: dict[str, Placing] = {}
        self._changes: set[str] = set()
        self._performances = Performances(self._services, self._performed)
        self._dialings: dict[str, Dialing] = {}  # by the call that dials
        self._limits = CallLimits(self._services.loop, services.settings)
        self._time_limit = 0.0
        self._last_resort: Timer | None = None

    def come_in(self, account: SipAccount, call_id: int, event: events.Incoming) -> None:
        """The INVITE that ``event`` tells of; inside the engine's callback."""
        leg = self.new_leg(self.sid)
        leg.accept(account, call_id)
        leg.sip_call_id = event.sip_call_id
        self._limits.came_in(leg)
        self._know_dialog(leg)
        self._services.loop.soon(partial(self.conversation.report, event))

    def change(self, message: ChangeRequest) -> None:
        """What the API asks of a call.  A queue may give the same message twice: only the first counts."""
        if message.id and message.id in self._changes:
            return
        self._changes.add(message.id)
        self.conversation.report(events.Changed(**now(), call=message.call, change=message.change))

    def trace(self, message: SipMessage) -> None:
        """For the log, with the next request."""
        self.conversation.trace(message)

    def drop(self) -> None:
        """Hang up every leg: each by itself, so that one which fails does not keep the others.

        A caller who has no answer yet gets 500: nobody has declined his call.
        """
        for leg in self._legs.values():
            ending = partial(self._hang_up, leg.sid)
            if leg.inbound and not leg.answered:
                ending = partial(leg.hang_up, Status.SERVER_INTERNAL_ERROR)
            self._services.loop.soon(ending)
        self.close_if_done()

    def close_if_done(self) -> None:
        """See conversation.Obedient."""
        if not self._legs and self.conversation.done:
            self._close()

    def _failed(self, error: Exception) -> None:
        """Give the session up.  A call that was already over may not have been told to be."""
        kind = type(error).__name__
        _log.error("session %s: %s", self.sid, kind, exc_info=error, extra=about(self.sid))
        if self._last_resort is None:
            self._last_resort = self._main_loop.after(GIVE_UP_SECONDS, self._close)
            self.conversation.abandon(Code.INTERNAL_FAILURE)
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
        """See conversation.Obedient."""
        match command:
            case commands.Invite():
                self._time_limit = command.time_limit
                self._place(command.leg)
            case commands.DialLegs() | commands.Bridge() | commands.Part():
                self._connect(command)
            case commands.Fetch():
                self.conversation.fetch(command)
            case _:
                self._signal(command)

    def _signal(self, command: ToOneCall) -> None:
        leg = self._legs.get(command.call)
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
                self._notify(leg, command.code)

    def _connect(self, command: commands.DialLegs | commands.Bridge | commands.Part) -> None:
        dialing = self._dialings.get(command.call)
        match command:
            case commands.DialLegs():
                self._dial(command)
            case commands.Bridge():
                leg = self._legs.get(command.leg)
                if leg is not None and dialing is not None:
                    self._performances.stop(command.leg)
                    dialing.accept(leg)
            case commands.Part():
                if dialing is not None:
                    dialing.part(command.legs)

    def _hang_up(self, call: str) -> None:
        if call in self._placings:
            self._placings[call].give_up()
        elif call in self._legs:
            self._legs[call].hang_up()
        elif call not in self._ended:
            self._ended.add(call)
            self.conversation.report(events.Ended(**now(), call=call))

    def _place(self, command: commands.OutboundLeg) -> Placing:
        placing = Placing(self._services, partial(self.new_leg, command.call), command, self._rang_out)
        if not placing.leg.over:
            self._placings[command.call] = placing
        return placing

    def _dial(self, command: commands.DialLegs) -> None:
        parent = self._legs.get(command.call)
        if parent is None:
            for leg in command.legs:
                self._hang_up(leg.call)
            return
        self._performances.stop(command.call)
        placings = {leg.call: self._place(leg) for leg in command.legs}
        recording = DialRecording(self._services.recordings, command, self.conversation.mention)
        starred = partial(self._starred, command.call)
        self._dialings[command.call] = Dialing(
            self._services,
            parent,
            command,
            placings,
            partial(self._was_bridged, parent, command),
            starred,
            recording,
        )

    def _notify(self, leg: Leg, code: int) -> None:
        leg.tell_referral(code)
        dialing = self._dialing_of(leg)
        if dialing is not None:
            dialing.referral_ended()

    def _dialing_of(self, leg: Leg) -> Dialing | None:
        """The Dial that the leg is in: its own, or the one that made it."""
        if leg.sid in self._dialings:
            return self._dialings[leg.sid]
        return next((dialing for dialing in self._dialings.values() if dialing.has(leg)), None)

    # --- what happens ---

    def _know_dialog(self, leg: Leg) -> None:
        self.call_ids[leg.sip_call_id] = leg.sid
        self._services.dialogs[leg.sip_call_id] = (self, leg.sid)

    def new_leg(self, sid: str) -> Leg:
        """A leg of this session, not yet anywhere."""
        leg = self._legs[sid] = Leg(self._services.loop, self._services.endpoint, sid, self)
        return leg

    def leg_invited(self, leg: Leg) -> None:
        """See legs.Owner."""
        self._know_dialog(leg)
        if not leg.over:
            self.conversation.mention(events.Invited(**now(), call=leg.sid, sip_call_id=leg.sip_call_id))

    def leg_provisional(self, leg: Leg, code: int, reason: str) -> None:
        """See legs.Owner."""
        self.conversation.report(events.Provisional(**now(), call=leg.sid, code=code, reason=reason))

    def leg_answered(self, leg: Leg, headers: Headers) -> None:
        """See legs.Owner."""
        placing, dialing = self._placings.get(leg.sid), self._dialing_of(leg)
        answered = events.Answered(**now(), call=leg.sid, headers=headers)
        unscreened = dialing is not None and (placing is None or not placing.command.screened)
        if unscreened:  # part of a bridge that the task makes without the engine
            self.conversation.mention(answered)
        else:
            self.conversation.report(answered)
        self._limits.answered(leg, self._time_limit if leg.sid == self.sid else 0.0)
        if placing is None:
            return
        placing.answered()
        if leg.sid == self.sid:
            return
        if dialing is not None and dialing.winner is not None:
            dialing.accept(leg)
        else:
            accept = partial(dialing.accept, leg) if dialing is not None and unscreened else nothing
            Keys(self._services.loop, leg, placing.command.send_digits, accept)

    def leg_media(self, leg: Leg) -> None:
        """See legs.Owner."""
        self._performances.media_ready(leg)
        for dialing in list(self._dialings.values()):
            dialing.media_ready()

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """See legs.Owner."""
        dialing = self._dialing_of(leg)
        if not self._performances.digit(leg, digit) and dialing is not None:
            dialing.digit(leg, digit)

    def leg_referred(self, leg: Leg, refer: Refer) -> None:
        """See legs.Owner."""
        dialing = self._dialing_of(leg)
        if dialing is not None:
            dialing.referred(leg)
        self.conversation.report(
            events.Referred(**now(), call=leg.sid, target=refer.target, referred_by=refer.referred_by)
        )

    def leg_ended(self, leg: Leg, code: int, reason: str, headers: Headers, error: int) -> None:
        """See legs.Owner."""
        placing, dialing = self._placings.get(leg.sid), self._dialing_of(leg)
        if placing is not None and placing.goes_on(leg, Answer(code, reason, headers)):
            return
        self._let_go(leg)
        self._ended.add(leg.sid)
        self._placings.pop(leg.sid, None)
        if placing is not None:
            placing.answered()
        if dialing is not None:
            dialing.before_end(leg)
        self.conversation.add(
            events.Ended(**now(), call=leg.sid, code=code, reason=reason, headers=headers, error=error)
        )
        if dialing is not None:
            dialing.ended(leg)
        self.conversation.post()
        self.close_if_done()

    def _rang_out(self, leg: Leg) -> None:
        if not leg.answered and not leg.over:
            dialing = self._dialing_of(leg)
            if dialing is not None:
                dialing.before_end(leg)
            self.conversation.report(events.RingTimeout(**now(), call=leg.sid))
            self._hang_up(leg.sid)

    def _was_bridged(self, parent: Leg, command: commands.DialLegs, leg: Leg) -> None:
        self._limits.bridged(parent, leg, command.time_limit)
        self.conversation.mention(events.Bridged(**now(), call=leg.sid))

    def _starred(self, call: str) -> None:
        self.conversation.report(events.Starred(**now(), call=call))

    def _performed(self, command: commands.Perform, digits: str, error: int) -> None:
        self.conversation.report(
            events.Performed(**now(), call=command.call, id=command.id, digits=digits, error=error)
        )
