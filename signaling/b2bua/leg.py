"""One SIP call, inbound or outbound, and every way it can end.

The engine's traps are met here (each has a test): an object freed late hangs up a stranger, so it is freed right
after DISCONNECTED, outside the callback; a hang-up before any response sends no CANCEL, so it is kept back until
one comes; the headers of a final failure are only in onCallState.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Protocol

from chalicelib.calls.events import RINGING
from chalicelib.catalogue import Code
from chalicelib.sip.contacts import redirect_targets
from chalicelib.sip.headers import Headers
from chalicelib.sip.message import Message
from chalicelib.sip.refer import Refer
from chalicelib.sip.status import Status

from ..engine.call import CallGoneError, InviteState, SipCall
from ..engine.endpoint import AccountKey, Endpoint, SipAccount
from ..engine.loop import Loop
from .dtmf import Keypad
from .refer import Refers

SILENCE = 1.0
"""Seconds that a given-up INVITE waits for its first response, before its end is reported without one."""
_log = logging.getLogger(__name__)


class LegObserver(Protocol):
    """Who is told what happens to a leg; always on the loop, never inside one of the engine's callbacks."""

    def leg_invited(self, leg: Leg) -> None:
        """The INVITE is out."""

    def leg_provisional(self, leg: Leg, code: int, reason: str) -> None:
        """It rings: 180 or 183."""

    def leg_answered(self, leg: Leg, headers: Headers) -> None:
        """The call is up."""

    def leg_media(self, leg: Leg) -> None:
        """``leg.audio`` can be connected."""

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """A key, once per press."""

    def leg_referred(self, leg: Leg, refer: Refer) -> None:
        """A REFER that was accepted."""

    def leg_ended(self, leg: Leg, code: int, reason: str, headers: Headers, error: int) -> None:
        """It is over; the last word about it."""


class Leg:
    """A call of a session.  ``sid`` is its CallSid.  Without an ``observer`` nobody is told anything."""

    def __init__(self, loop: Loop, endpoint: Endpoint, sid: str, observer: LegObserver | None = None) -> None:
        self.sid = sid
        self.sip_call_id = ""
        self.answered = False
        self.over = False
        self.heard = False
        self.inbound = False
        self.audio: Any = None
        self.active = False
        self.contacts: tuple[str, ...] = ()
        self.takes_refer = False
        self._loop = loop
        self._endpoint = endpoint
        self._observer = observer
        self._call: SipCall | None = None
        self._giving_up = False
        self._headers: Headers = ()
        self._error = 0
        self._reason = ""
        self._rang = False
        self._refers = Refers()
        self._keypad = Keypad()
        self.tone_heard = self._keypad.tone_heard

    @property
    def signals_keys(self) -> bool:
        """Whether the peer tells of its keys as RFC 4733 or INFO."""
        return self._keypad.signals

    @property
    def number(self) -> int:
        """The engine's number for the call; -1 when it has none."""
        return -1 if self._call is None else int(self._call.getId())

    def accept(self, account: SipAccount, call_id: int) -> None:
        """Take the INVITE that came in.  Inside the callback: the engine wants its object now."""
        self.inbound = self.heard = True
        self._call = SipCall(self, account, call_id)

    def invite(self, route: AccountKey, to: str, target: str, from_header: str, headers: Headers) -> None:
        """Send the INVITE for ``to`` with the Request-URI ``target``.  What the engine refuses ends the leg (32011)."""
        try:
            self._call = SipCall(self, self._endpoint.account(route))
            self._call.invite(to, target, from_header, headers)
        except Exception as error:  # noqa: BLE001  the engine's, or NoAccountError: both say it could not be placed
            _log.warning(
                "INVITE of %s not sent: %s", self.sid, getattr(error, "reason", type(error).__name__)
            )
            self.fail(Code.SIP_UNREACHABLE)

    def respond(self, code: int) -> None:
        """Send ``code`` to the caller, unless the dialog is past it."""
        if self._call is None or self.over or self.answered:
            return
        try:
            self._call.respond(code)
        except CallGoneError:  # the caller's CANCEL was quicker; DISCONNECTED is on its way
            _log.info("%d for %s came too late", code, self.sid)

    def hang_up(self, code: int = 0) -> None:
        """CANCEL, BYE, or the final response ``code`` (603 by default) to a caller, as the dialog's state asks."""
        if self.over or self._giving_up:
            return
        self._giving_up = True
        if self.heard:
            self._end_dialog(code)
        else:
            self._loop.after(SILENCE, lambda: self._end(0, "", (), 0))

    def forsake(self) -> None:
        """Another INVITE takes its place: hang up, and tell nobody."""
        self._observer = None
        self.hang_up()

    def abandon(self, error: int, reason: str) -> None:
        """Hang up because of ``error`` (a code of the catalogue), and tell the other side why (RFC 3326)."""
        self._error, self._reason = error, reason
        self.hang_up()

    def signs_of_life(self) -> int:
        """RTP packets and RTCP reports that came since the media were last agreed on; 0 without media."""
        return 0 if self._call is None else self._call.signs_of_life()

    def send_digit(self, digit: str) -> None:
        """Press a key."""
        if self._call is not None and not self.over:
            try:
                self._call.send_digit(digit)
            except CallGoneError:  # or not up yet
                _log.info("%s: a digit is not sent", self.sid)

    def tell_referral(self, code: int) -> None:
        """NOTIFY with ``code`` about the REFER that is under way."""
        if self._call is None or self.over:
            return
        try:
            self._refers.tell(self._call, code)
        except CallGoneError:  # it has hung up, as a transferor may
            _log.info("%s gets no NOTIFY", self.sid)

    def fail(self, error: int, code: int = 0, reason: str = "", headers: Headers = ()) -> None:
        """It never came to be; or what answered ``code`` sent us where we do not go."""
        self._release()
        self._end(code, reason, headers, error)

    # --- what the engine reports; inside its callbacks ---

    def broke(self, error: Exception) -> None:
        """A callback failed, and what it was to record is lost.  As if a closure of the leg's had failed."""
        self._loop.soon(partial(_raise, error))

    def state_changed(self, state: int, code: int, reason: str, sip_call_id: str, message: Message) -> None:
        """Record the new state."""
        if state == InviteState.CALLING:
            self.sip_call_id = sip_call_id
            self._loop.soon(self._on_invited)
        elif state == InviteState.EARLY and not self.inbound:
            self.first_response()
            self._loop.soon(partial(self._on_provisional, code, reason))
        elif state == InviteState.CONNECTING:
            self.first_response()
            self._headers = message.x_headers
        elif state == InviteState.DISCONNECTED:
            self._disconnected(code, message.final_reason or reason, message)
        if state == (InviteState.CONNECTING if self.inbound else InviteState.CONFIRMED):
            self._loop.soon(self._on_answered)

    def _disconnected(self, code: int, reason: str, message: Message) -> None:
        answered = message.is_response
        self.heard = self.heard or answered
        moved = answered and 300 <= code < 400
        self.contacts = redirect_targets(message.values("contact")) if moved else ()
        headers = message.x_headers if answered else ()
        self._loop.soon(partial(self._on_disconnected, code, reason, headers))

    def first_response(self) -> None:
        """The callee's side is there: from now on a CANCEL may be sent (RFC 3261 §9.1)."""
        if not self.heard:
            self.heard = True
            if self._giving_up:
                self._loop.soon(lambda: self._end_dialog(0))

    def media_changed(self) -> None:
        """Record that audio may be up."""
        self._loop.soon(self._on_media)

    def digit_pressed(self, digit: str) -> None:
        """Record a key."""
        if self._keypad.told(digit):
            self._loop.soon(partial(self._on_digit, digit))

    def refer_came(self, message: Message) -> int:
        """Record a REFER; returns the response to it."""
        if not self.takes_refer or self._giving_up:
            return Status.DECLINE
        code, refer = self._refers.came(message)
        if refer is not None:
            self._loop.soon(partial(self._on_refer, refer))
        return code

    # --- the same, on the loop ---

    def _on_invited(self) -> None:
        if self._observer is not None:
            self._observer.leg_invited(self)

    def _on_digit(self, digit: str) -> None:
        if self._observer is not None and not self.over:
            self._observer.leg_digit(self, digit)

    def _on_refer(self, refer: Refer) -> None:
        self.tell_referral(Status.TRYING)
        if self._observer is not None and not self.over:
            self._observer.leg_referred(self, refer)

    def _on_provisional(self, code: int, reason: str) -> None:
        """Once: a callee may send 180 and 183 in turn for as long as he rings, and each would be a step."""
        if self.over or self._giving_up or self._rang or code not in RINGING:
            return
        self._rang = True
        if self._observer is not None:
            self._observer.leg_provisional(self, code, reason)

    def _on_answered(self) -> None:
        if self._giving_up:
            self._end_dialog(0)  # the 200 crossed our hang-up
        elif not self.over and not self.answered:
            self.answered = True
            if self._observer is not None:
                self._observer.leg_answered(self, self._headers)

    def _on_media(self) -> None:
        call = self._call
        if call is None or self.over:
            return
        try:
            self.audio = call.active_audio()
        except CallGoneError:  # hung up between the event and now
            self.audio = None
        self.active = self.audio is not None
        if self.active and self._observer is not None:
            self._observer.leg_media(self)

    def _on_disconnected(self, code: int, reason: str, headers: Headers) -> None:
        self._release()
        dialled = not self.inbound and not self.answered
        self._end(code if dialled else 0, reason if dialled else "", headers if dialled else (), self._error)

    def _end_dialog(self, code: int) -> None:
        call = self._call
        if call is None:  # its end failed half-way
            self._end(0, "", (), self._error)
            return
        try:
            call.end((code or Status.DECLINE) if self.inbound and not self.answered else 0, self._reason)
        except CallGoneError:
            _log.info("%s was already gone", self.sid)
            self._on_disconnected(0, "", ())

    def _end(self, code: int, reason: str, headers: Headers, error: int) -> None:
        if not self.over:
            self.over = True
            self.active, self.audio = False, None
            if self._observer is not None:
                self._observer.leg_ended(self, code, reason, headers, error)

    def _release(self) -> None:
        """Free the engine's object now: freed late, it would hang up a stranger."""
        call, self._call = self._call, None
        if call is not None:
            self.audio = None
            call.release()


def _raise(error: Exception) -> None:
    raise error
