"""One SIP call, inbound or outbound, and every way it can end.

The engine's traps are met here (each has a test): an object freed late hangs up a stranger, so it is freed right
after DISCONNECTED, outside the callback; a hang-up before any response sends no CANCEL, so it is kept back until
one comes; the headers of a final failure are only in onCallState.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pjsua2 as pj

from chalicelib.calls.events import RINGING
from chalicelib.calls.session import Headers
from chalicelib.catalogue import Code
from chalicelib.sip.contacts import redirect_targets
from chalicelib.sip.message import Message
from chalicelib.sip.refer import Refer, judged
from chalicelib.sip.status import Status, is_final

from ..engine.call import SipCall
from ..engine.endpoint import Endpoint, Route, SipAccount
from ..engine.loop import Loop
from ..engine.requests import add_header, call_parameters
from . import dtmf
from .dtmf import Keypad
from .observer import NOBODY, Owner
from .refer import notification

SILENCE = 1.0
"""Seconds that a given-up INVITE waits for its first response, before its end is reported without one."""
_log = logging.getLogger(__name__)


class Leg:
    """A call of a session.  ``sid`` is its CallSid."""

    live = 0
    """Engine objects alive in this process: what a leak would let grow."""

    def __init__(self, loop: Loop, endpoint: Endpoint, sid: str, owner: Owner) -> None:
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
        self._owner = owner
        self._call: SipCall | None = None
        self._account: SipAccount | None = None
        self._giving_up = False
        self._headers: Headers = ()
        self._error = 0
        self._reason = ""
        self._rang = False
        self._refer: Refer | None = None
        self._first_refer = 0
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
        self._hold(SipCall(self, account, call_id), account)

    def invite(self, route: Route, to: str, target: str, from_header: str, headers: Headers) -> None:
        """Send the INVITE for ``to`` with the Request-URI ``target``.  What the engine refuses ends the leg (32011)."""
        try:
            account = self._endpoint.account(route)
            self._hold(SipCall(self, account), account)
            parameters = call_parameters()
            parameters.txOption.localUri = from_header
            parameters.txOption.targetUri = target
            for name, value in headers:
                add_header(parameters, name, value)
            assert self._call is not None
            self._call.makeCall(to, parameters)
        except Exception as error:  # noqa: BLE001  pj.Error and NoAccountError: both say it could not be placed
            _log.warning(
                "INVITE of %s not sent: %s", self.sid, getattr(error, "reason", type(error).__name__)
            )
            self.fail(Code.SIP_UNREACHABLE)

    def respond(self, code: int) -> None:
        """Send ``code`` to the caller, unless the dialog is past it."""
        if self._call is None or self.over or self.answered:
            return
        parameters = call_parameters()
        parameters.statusCode = code
        try:
            self._call.answer(parameters)
        except pj.Error:  # the caller's CANCEL was quicker; DISCONNECTED is on its way
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
        self._owner = NOBODY
        self.hang_up()

    def abandon(self, error: int, reason: str) -> None:
        """Hang up because of ``error`` (a code of the catalogue), and tell the other side why (RFC 3326)."""
        self._error, self._reason = error, reason
        self.hang_up()

    def signs_of_life(self) -> int:
        """RTP packets and RTCP reports that came since the media were last agreed on; 0 without media."""
        if self._call is None:
            return 0
        try:
            statistics = self._call.getStreamStat(0)  # held here: its parts are freed with it
        except pj.Error:
            return 0
        return int(statistics.rtcp.rxStat.pkt) + int(statistics.rtcp.txStat.updateCount)

    def send_digit(self, digit: str) -> None:
        """Press a key."""
        if self._call is not None and not self.over:
            dtmf.send(self._call, digit)

    def tell_referral(self, code: int) -> None:
        """NOTIFY with ``code`` about the REFER that is under way; nothing to who wants none."""
        refer = self._refer
        if self._call is None or self.over or refer is None:
            return
        if is_final(code):
            self._refer = None
        try:
            if not refer.silent:
                self._call.sendRequest(notification(refer, self._first_refer, code))
        except pj.Error:  # it has hung up, as a transferor may
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
        if state == pj.PJSIP_INV_STATE_CALLING:
            self.sip_call_id = sip_call_id
            self._loop.soon(lambda: self._owner.leg_invited(self))
        elif state == pj.PJSIP_INV_STATE_EARLY and not self.inbound:
            self.first_response()
            self._loop.soon(lambda: self._on_provisional(code, reason))
        elif state == pj.PJSIP_INV_STATE_CONNECTING:
            self.first_response()
            self._headers = message.x_headers
            if self.inbound:
                self._loop.soon(self._on_answered)
        elif state == pj.PJSIP_INV_STATE_CONFIRMED and not self.inbound:
            self._loop.soon(self._on_answered)
        elif state == pj.PJSIP_INV_STATE_DISCONNECTED:
            answered = message.is_response
            self.heard = self.heard or answered
            headers = message.x_headers if answered else ()
            moved = answered and 300 <= code < 400
            self.contacts = redirect_targets(message.values("contact")) if moved else ()
            why = message.final_reason or reason
            self._loop.soon(lambda: self._on_disconnected(code, why, headers))

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
            self._loop.soon(lambda: None if self.over else self._owner.leg_digit(self, digit))

    def refer_came(self, message: Message) -> int:
        """Record a REFER; returns the response to it.  One while another is under way is declined."""
        if not self.takes_refer or self._refer is not None or self._giving_up:
            return Status.DECLINE
        code, self._refer = judged(message)
        if self._refer is not None:
            self._first_refer = self._first_refer or self._refer.cseq
            self._loop.soon(partial(self._on_refer, self._refer))
        return code

    # --- the same, on the loop ---

    def _on_refer(self, refer: Refer) -> None:
        self.tell_referral(Status.TRYING)
        if not self.over:
            self._owner.leg_referred(self, refer)

    def _on_provisional(self, code: int, reason: str) -> None:
        """Once: a callee may send 180 and 183 in turn for as long as he rings, and each would be a step."""
        if not (self.over or self._giving_up or self._rang) and code in RINGING:
            self._rang = True
            self._owner.leg_provisional(self, code, reason)

    def _on_answered(self) -> None:
        if self._giving_up:
            self._end_dialog(0)  # the 200 crossed our hang-up
        elif not self.over and not self.answered:
            self.answered = True
            self._owner.leg_answered(self, self._headers)

    def _on_media(self) -> None:
        call = self._call
        if call is None or self.over:
            return
        try:
            info = call.getInfo()
            self.active = any(
                media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
                for media in info.media
            )
            self.audio = call.getAudioMedia(-1) if self.active else None
        except pj.Error:  # hung up between the event and now
            self.active, self.audio = False, None
        if self.audio is not None:
            self._owner.leg_media(self)

    def _on_disconnected(self, code: int, reason: str, headers: Headers) -> None:
        self._release()
        dialled = not self.inbound and not self.answered
        self._end(code if dialled else 0, reason if dialled else "", headers if dialled else (), self._error)

    def _end_dialog(self, code: int) -> None:
        call = self._call
        if call is None:  # its end failed half-way
            self._end(0, "", (), self._error)
            return
        parameters = call_parameters()
        parameters.statusCode = (code or Status.DECLINE) if self.inbound and not self.answered else 0
        if self._reason:
            add_header(parameters, "Reason", f'Q.850 ;cause=102 ;text="{self._reason}"')
        try:
            call.hangup(parameters)
        except pj.Error:
            _log.info("%s was already gone", self.sid)
            self._on_disconnected(0, "", ())

    def _end(self, code: int, reason: str, headers: Headers, error: int) -> None:
        if not self.over:
            self.over = True
            self.active, self.audio = False, None
            self._owner.leg_ended(self, code, reason, headers, error)

    def _hold(self, call: SipCall, account: SipAccount) -> None:
        self._call, self._account = call, account
        account.legs += 1
        Leg.live += 1
        _alive.add(call)

    def _release(self) -> None:
        call, account = self._call, self._account
        if call is None or account is None:
            return
        self._call = self._account = None
        self.audio = None
        call.leg = None
        account.legs -= 1
        Leg.live -= 1
        _alive.discard(call)


def _raise(error: Exception) -> None:
    raise error


_alive: set[SipCall] = set()
"""Holds every live call: one without a reference would be hung up by its destructor."""
