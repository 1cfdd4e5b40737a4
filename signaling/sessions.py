"""A session in the task: its legs, what runs on them, and its conversation with the step function.

Events go out one request at a time, in order, with what piled up meanwhile; the answer's commands are carried out
in order.  A fenced session is somebody else's by now: its calls are dropped and nothing more is said.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from chalicelib.calls import commands, events
from chalicelib.calls.commands import Command
from chalicelib.calls.protocol import Modification, SipMessage, StepRequest, StepResponse
from chalicelib.calls.session import Headers

from .dialing import Dialing
from .legs import Leg
from .loop import Timer
from .performing import Performance
from .placing import Answer, Placing
from .recording import DialRecording
from .services import Services

PATIENCE = 0.02
"""Seconds.  A bridge is three events (leg answered, bridged, caller answered) within a few milliseconds."""


def fresh() -> str:
    """Entropy for an event."""
    return os.urandom(16).hex()


class Session:
    """Implements ``legs.Owner``.  ``closed`` is called once, when no leg is left and nothing is to be said."""

    def __init__(self, services: Services, sid: str, number: int, closed: Callable[[Session], None]) -> None:
        self.sid = sid
        self.call_ids: dict[str, str] = {}
        self.claimed: Callable[[], None] | None = None
        self._services = services
        self._number = number
        self._closed = closed
        self._legs: dict[str, Leg] = {}
        self._ended: set[str] = set()
        self._placings: dict[str, Placing] = {}
        self._modifications: set[str] = set()
        self._performances: dict[str, Performance] = {}
        self._dialing: Dialing | None = None
        self._limit: Timer | None = None
        self._time_limit = 0.0
        self._pending: list[events.Event] = []
        self._trace: list[SipMessage] = []
        self._posting = False
        self._over = self._fenced = False

    # --- the conversation ---

    def report(self, event: events.Event) -> None:
        """Tell the engine, in order."""
        self._pending.append(event)
        self._post()

    def mention(self, event: events.Event) -> None:
        """Tell the engine what asks for no command: with the events that follow at once, in one step."""
        self._pending.append(event)
        self._services.loop.after(PATIENCE, self._post)

    def modify(self, message: Modification) -> None:
        """What the API asks of a call.  A queue may give the same message twice: only the first counts."""
        if message.id and message.id in self._modifications:
            return
        self._modifications.add(message.id)
        self.report(
            events.Modified(
                **_now(), call=message.call, status=message.status, redirection=message.redirection
            )
        )

    def trace(self, message: SipMessage) -> None:
        """For the log, with the next request."""
        self._trace.append(message)

    def _post(self) -> None:
        if self._posting or not self._pending or self._fenced:
            return
        self._posting = True
        request = StepRequest(
            self.sid,
            self._number,
            tuple(self._pending),
            task=self._services.settings.task_id,
            trace=tuple(self._trace),
        )
        self._pending.clear()
        self._trace.clear()
        post = partial(self._services.controller.post, request)
        self._services.loop.off_loop(post, self._answered, self._not_answered)

    def _answered(self, response: StepResponse) -> None:
        self._posting = False
        self._number += 1
        if self.claimed is not None:
            self.claimed()
            self.claimed = None
        if response.fenced:
            self._fenced = True
            self.drop()
        else:
            self._over = response.over
            for command in response.commands:
                self._carry_out(command)
        self._post()
        self._close_if_done()

    def _not_answered(self, error: Exception) -> None:
        """A controller answers or goes on trying; one that gives up leaves the session to the reaper."""
        self._posting = False
        self._fenced = True
        self.drop()
        self._close_if_done()
        raise error

    def drop(self) -> None:
        """Hang up every leg."""
        for leg in list(self._legs.values()):
            self._hang_up(leg.sid)
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._legs or self._posting:
            return
        if self._fenced or (self._over and not self._pending):
            self._closed(self)

    # --- commands ---

    def _carry_out(self, command: Command) -> None:
        match command:
            case commands.Ring():
                self._respond(command.call, 180)
            case commands.Answer():
                self._respond(command.call, 200)
            case commands.Reject():
                self._reject(command)
            case commands.Hangup():
                self._hang_up(command.call)
            case commands.Invite():
                self._time_limit = command.time_limit
                self._place(command.leg)
            case commands.Dial() | commands.Bridge() | commands.Part():
                self._connect(command)
            case commands.Perform():
                self._perform(command)
            case commands.Fetch():
                self._services.loop.off_loop(
                    partial(self._services.controller.fetch, command),
                    lambda fetched: self.report(_stamped(fetched)),
                    lambda _: self.report(
                        events.Fetched(**_now(), call=command.call, id=command.id, error=11200)
                    ),
                )

    def _connect(self, command: commands.Dial | commands.Bridge | commands.Part) -> None:
        match command:
            case commands.Dial():
                self._dial(command)
            case commands.Bridge():
                self._bridge(command)
            case commands.Part():
                self._part(command)

    def _respond(self, call: str, code: int) -> None:
        if call in self._legs:
            self._legs[call].respond(code)

    def _reject(self, command: commands.Reject) -> None:
        if command.call in self._legs:
            self._legs[command.call].hang_up(command.code)

    def _hang_up(self, call: str) -> None:
        if call in self._placings:
            self._placings[call].give_up()
        elif call in self._legs:
            self._legs[call].hang_up()
        elif call not in self._ended:
            self._ended.add(call)
            self.report(events.Ended(**_now(), call=call))

    def _place(self, command: commands.Leg) -> Placing:
        placing = Placing(self._services, partial(self.new_leg, command.call), command, self._rang_out)
        if not placing.leg.over:
            self._placings[command.call] = placing
        return placing

    def _dial(self, command: commands.Dial) -> None:
        parent = self._legs.get(command.call)
        if parent is None:
            for leg in command.legs:
                self._hang_up(leg.call)
            return
        self._stop_performance(command.call)
        placings = {leg.call: self._place(leg) for leg in command.legs}
        recording = DialRecording(self._services.recordings, command, self.mention)
        self._dialing = Dialing(
            self._services, parent, command, placings, self._was_bridged, self._starred, recording
        )

    def _bridge(self, command: commands.Bridge) -> None:
        leg = self._legs.get(command.leg)
        if leg is not None and self._dialing is not None:
            self._stop_performance(command.leg)
            self._dialing.accept(leg)

    def _part(self, command: commands.Part) -> None:
        if self._dialing is not None and command.call == self.sid:
            self._dialing.part(command.legs)

    def _perform(self, command: commands.Perform) -> None:
        leg = self._legs.get(command.call)
        if leg is None:
            return
        self._stop_performance(command.call)
        self._performances[command.call] = Performance(
            self._services, leg, command, partial(self._performed, command)
        )

    def _stop_performance(self, call: str) -> None:
        performance = self._performances.pop(call, None)
        if performance is not None:
            performance.stop()

    # --- what happens ---

    def new_leg(self, sid: str) -> Leg:
        """A leg of this session, not yet anywhere."""
        leg = self._legs[sid] = Leg(self._services.loop, self._services.endpoint, sid, self)
        return leg

    def leg_invited(self, leg: Leg) -> None:
        """See legs.Owner."""
        self.call_ids[leg.sip_call_id] = leg.sid
        self._services.dialogs[leg.sip_call_id] = (self, leg.sid)
        if not leg.over:
            self.mention(events.Invited(**_now(), call=leg.sid, sip_call_id=leg.sip_call_id))

    def leg_provisional(self, leg: Leg, code: int, reason: str) -> None:
        """See legs.Owner."""
        self.report(events.Provisional(**_now(), call=leg.sid, code=code, reason=reason))

    def leg_answered(self, leg: Leg, headers: Headers) -> None:
        """See legs.Owner."""
        placing = self._placings.get(leg.sid)
        answered = events.Answered(**_now(), call=leg.sid, headers=headers)
        if self._bridges_alone(leg, placing):
            self.mention(answered)
        else:
            self.report(answered)
        if placing is None:
            return
        placing.answered()
        if leg.sid == self.sid:
            self._limit = self._services.loop.after(self._time_limit, leg.hang_up)
        elif self._dialing is not None and (not placing.screened or self._dialing.winner is not None):
            self._dialing.accept(leg)

    def _bridges_alone(self, leg: Leg, placing: Placing | None) -> bool:
        """Whether the answer of ``leg`` is part of a bridge that the task makes without the engine."""
        if self._dialing is None:
            return False
        return leg.sid == self.sid or (placing is not None and not placing.screened)

    def leg_media(self, leg: Leg) -> None:
        """See legs.Owner."""
        if leg.sid in self._performances:
            self._performances[leg.sid].media_ready()
        if self._dialing is not None:
            self._dialing.media_ready()

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """See legs.Owner."""
        if leg.sid in self._performances:
            self._performances[leg.sid].digit(digit)
        elif self._dialing is not None:
            self._dialing.digit(leg, digit)

    def leg_ended(self, leg: Leg, code: int, reason: str, headers: Headers, error: int) -> None:
        """See legs.Owner."""
        placing = self._placings.get(leg.sid)
        if placing is not None and placing.goes_on(leg, Answer(code, reason, headers)):
            return
        self._stop_performance(leg.sid)
        self._legs.pop(leg.sid, None)
        self._ended.add(leg.sid)
        self._placings.pop(leg.sid, None)
        if placing is not None:
            placing.answered()
        if self._dialing is not None:
            self._dialing.before_end(leg)
        self._pending.append(
            events.Ended(**_now(), call=leg.sid, code=code, reason=reason, headers=headers, error=error)
        )
        if leg.sid == self.sid and self._limit is not None:
            self._limit.cancel()
        if self._dialing is not None:
            if leg.sid == self.sid:
                self._dialing.parent_ended()
            else:
                self._dialing.leg_ended(leg)
        self._post()
        self._close_if_done()

    def _rang_out(self, leg: Leg) -> None:
        if not leg.answered and not leg.over:
            if self._dialing is not None:
                self._dialing.before_end(leg)
            self.report(events.RingTimeout(**_now(), call=leg.sid))
            self._hang_up(leg.sid)

    def _was_bridged(self, leg: Leg) -> None:
        self.mention(events.Bridged(**_now(), call=leg.sid))

    def _starred(self) -> None:
        self.report(events.Starred(**_now(), call=self.sid))

    def _performed(self, command: commands.Perform, digits: str, error: int) -> None:
        self._performances.pop(command.call, None)
        self.report(events.Performed(**_now(), call=command.call, id=command.id, digits=digits, error=error))


def _now() -> dict[str, Any]:
    """``at`` and ``entropy`` of an event that happens now."""
    return {"at": time.time(), "entropy": fresh()}


def _stamped(fetched: events.Fetched) -> events.Fetched:
    """The fetch function knows no entropy."""
    return msgspec.structs.replace(fetched, at=time.time(), entropy=fresh())
