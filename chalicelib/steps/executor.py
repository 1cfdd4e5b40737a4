"""One step request, carried out: read the session, fold the engine over the events, write, send, answer.

The order is what makes it safe.  The row is written before any effect is sent and before the answer, so
whoever gets no answer asks again, finds the row, has the same effects sent and gets the same commands.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from ..calls.commands import Callback, Command, DialLegs, Fetch, Invite, subject
from ..calls.events import Created, Event, Incoming
from ..calls.protocol import StepRequest, StepResponse, TracePart, TraceRequest, TraceResponse, encode
from ..calls.session import Call, Session
from ..calls.step import Step, step
from ..calls.types import Contact, Quota
from ..catalogue import Code
from ..storage.failures import is_permanent
from ..storage.listing import changed_calls
from ..storage.log import CallLog, LoggedProblem, Row
from ..storage.table import Addition, AdditionsRefusedError
from .limits import charge
from .ports import Applications, Callbacks, CallList, ContactBook, KeptTraces

_log = logging.getLogger(__name__)
MOST_MESSAGE = 500
"""Characters of a problem's message in the log."""
LookUp = Callable[[str, tuple[str, ...]], dict[str, tuple[Contact, ...]]]
"""The contacts of clients of an account, by name."""
Written = Callable[[Session | None, Row], None]
"""Called once for each row that was written, with the session before it and the row."""


@dataclass
class _Folded:
    """The session after a batch of ``events``, and all that they asked for.

    ``placing``: which of them placed calls.
    """

    session: Session | None
    events: list[Event] = field(default_factory=list)
    placing: set[int] = field(default_factory=set)
    gone: list[Call] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    problems: list[LoggedProblem] = field(default_factory=list)


def _untold(_before: Session | None, _row: Row) -> None:
    """Reports nothing."""


class Steps:
    """Carries out step requests for the owner of a session: a task, the API before a claim, the reaper."""

    def __init__(
        self,
        log: CallLog,
        traces: KeptTraces,
        accounts: Applications,
        listing: CallList,
        outbound: Callbacks,
        contacts: ContactBook,
        written: Written = _untold,
    ) -> None:
        self._log = log
        self._traces = traces
        self._accounts = accounts
        self._listing = listing
        self._outbound = outbound
        self._contacts = contacts
        self._written = written

    def handle(self, request: StepRequest) -> StepResponse:
        """Do the step; the same request again has the same effects and answer.

        ``fenced`` is answered when the number is another writer's, or another epoch has begun.
        """
        self._keep(TracePart(request.session, request.traced, request.trace))
        before = self._log.read(request.session, request.number - 1) if request.number else None
        if request.number and (before is None or before.state.epoch > request.epoch):
            return StepResponse(request.session, request.number, fenced=True)
        events = tuple(map(self._with_application, request.events))
        row = self._write(request, events, before)
        if isinstance(row, StepResponse):
            return row
        if row.digest != _digest(request):
            return StepResponse(request.session, request.number, fenced=True)
        self.send_effects(row)
        return StepResponse(row.session, row.number, row.commands, over=row.state.over)

    def trace(self, request: TraceRequest) -> TraceResponse:
        """Keep the SIP messages; the same request again has the same effect."""
        for part in request.traces:
            self._keep(part)
        return TraceResponse()

    def _keep(self, part: TracePart) -> None:
        _tried(
            part.session, "SIP messages", lambda: self._traces.keep(part.session, part.messages, part.first)
        )

    def _write(
        self, request: StepRequest, events: tuple[Event, ...], before: Row | None
    ) -> Row | StepResponse:
        """The row that stands under the request's number now, or the answer to an INVITE that makes no session.

        At a limit of the account the step is made again for the calls that may still be placed.
        """
        state = before.state if before else None
        quota: Quota | None = None
        while True:
            folded = _fold(state, events, self._contacts.of)
            if folded.session is None:
                return StepResponse(request.session, request.number, tuple(folded.commands), over=True)
            row = _row(request, before, folded, folded.session)
            cost = charge(state, folded.session, row.at)
            # Calls that go on with no quota left are such as cannot be refused: they are counted all the same.
            bound = quota is None or quota.left > 0
            try:
                return self._appended(state, row, () if cost is None else cost.additions(bound=bound))
            except AdditionsRefusedError as refused:
                assert cost is not None
                quota = cost.quota(refused, quota)
            events = tuple(
                msgspec.structs.replace(event, quota=quota) if number in folded.placing else event
                for number, event in enumerate(folded.events)
            )

    def _appended(self, state: Session | None, row: Row, additions: tuple[Addition, ...]) -> Row:
        there = self._log.append(row, additions)
        if there is None:
            self._written(state, row)
        return there or row

    def send_effects(self, row: Row) -> None:
        """Send what ``row`` asked for, perhaps again.

        The listing goes first: whoever hears of an ending by callback and asks the API shall see it there.  The
        reaper's mark goes last: until then it finds the session.
        """
        _tried(row.session, "listing", lambda: self._listing.project(row))
        _tried(row.session, "callbacks", lambda: self._deliver(row))
        if row.state.over:
            _tried(row.session, "end", lambda: self._log.close(row))

    def _deliver(self, row: Row) -> None:
        for callback in self._outbound.deliver(row.callbacks):
            self._listing.undelivered(callback, 0, Code.INTERNAL_FAILURE)

    def _with_application(self, event: Event) -> Event:
        if isinstance(event, Created):
            return msgspec.structs.replace(event, application=self._accounts.restricted(event.application))
        if not isinstance(event, Incoming):
            return event
        application = self._accounts.application_for(event.sip_domain, event.to)
        return msgspec.structs.replace(event, application=application)


def _tried(session: str, what: str, work: Callable[[], None]) -> None:
    """Do ``work``.  A failure that would come again at every try is logged and holds up no call."""
    try:
        work()
    except Exception as error:
        if not is_permanent(error):
            raise
        _log.error("%s: %s not sent: %s", session, what, type(error).__name__)


def _fold(session: Session | None, events: tuple[Event, ...], look_up: LookUp) -> _Folded:
    folded = _Folded(session)
    for number, event in enumerate(events):
        complete, result = _stepped(folded.session, event, look_up)
        folded.events.append(complete)
        folded.session = result.session
        folded.gone += result.gone
        if any(isinstance(command, DialLegs | Invite) for command in result.commands):
            folded.placing.add(number)
        folded.commands += result.commands
        folded.callbacks += result.callbacks
        folded.problems += [
            LoggedProblem(
                problem.code, problem.message[:MOST_MESSAGE], problem.line, problem.column, problem.severity
            )
            for problem in result.problems
        ]
    folded.commands = [command for command in folded.commands if _is_due(command, folded.session)]
    return folded


def _stepped(session: Session | None, event: Event, look_up: LookUp) -> tuple[Event, Step]:
    """The step, and the event with the contacts that it needed: the log holds them, for replay."""
    result = step(session, event)
    while result.wanted and result.session is not None:
        found = look_up(result.session.account_sid, result.wanted)
        event = msgspec.structs.replace(event, contacts=event.contacts | found)
        result = step(session, event)
    return event, result


def _is_due(command: Command, session: Session | None) -> bool:
    """Whether a later event of the same batch has not ended the call meanwhile.  A fetch is always due."""
    if isinstance(command, Fetch) or session is None:
        return True
    call = session.calls.get(subject(command))
    return call is not None and not call.over


def _row(request: StepRequest, before: Row | None, folded: _Folded, after: Session) -> Row:
    gone = tuple(folded.gone)
    moments = [event.at for event in folded.events]
    return Row(
        session=request.session,
        number=request.number,
        digest=_digest(request),
        at=max(moments, default=before.at if before else 0.0),
        events=tuple(folded.events),
        state=after,
        epoch=request.epoch,
        task=request.task,
        commands=tuple(folded.commands),
        callbacks=tuple(folded.callbacks),
        problems=tuple(folded.problems),
        changed=changed_calls(before.state if before else None, after, gone),
        gone=gone,
    )


def _digest(request: StepRequest) -> str:
    """What two requests have in common when they are the same: the sender (its epoch), and the events as sent."""
    return hashlib.sha256(encode((request.epoch, request.events))).hexdigest()
