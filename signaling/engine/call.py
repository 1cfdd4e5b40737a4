"""The SIP engine's own object of a call, and its callbacks."""

from __future__ import annotations

import logging
from enum import IntEnum
from typing import Any

import pjsua2 as pj

from chalicelib.sip.headers import Headers
from chalicelib.sip.message import Message
from chalicelib.sip.status import Status
from chalicelib.sip.wire import REASON, repaired

from .endpoint import SipAccount
from .listener import CallListener
from .requests import add_header, call_parameters

_log = logging.getLogger(__name__)
CallGoneError = pj.Error
"""Raised by most methods of a SipCall whose other side has just ended it."""


class InviteState(IntEnum):
    """pjsip_inv_state: how far an INVITE has come."""

    CALLING = pj.PJSIP_INV_STATE_CALLING
    EARLY = pj.PJSIP_INV_STATE_EARLY
    CONNECTING = pj.PJSIP_INV_STATE_CONNECTING
    CONFIRMED = pj.PJSIP_INV_STATE_CONFIRMED
    DISCONNECTED = pj.PJSIP_INV_STATE_DISCONNECTED


class SipCall(pj.Call):
    """The engine's object.  Its callbacks only record; all else is for the loop."""

    def __init__(self, leg: CallListener, account: SipAccount, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.leg: CallListener | None = leg
        self._account_of_call = account
        self._refer = Message("")
        account.legs += 1
        _alive.add(self)

    def release(self) -> None:
        """It is over: its leg hears no more of it, and whoever lets it go next frees it.  A second time is harmless."""
        self.leg = None
        if self in _alive:
            _alive.discard(self)
            self._account_of_call.legs -= 1

    def invite(self, to: str, target: str, from_header: str, headers: Headers) -> None:
        """Send the INVITE for ``to`` with the Request-URI ``target``.  Raises pj.Error."""
        parameters = call_parameters()
        parameters.txOption.localUri = from_header
        parameters.txOption.targetUri = target
        for name, value in headers:
            add_header(parameters, name, value)
        self.makeCall(to, parameters)

    def respond(self, code: int) -> None:
        """Send ``code`` to the caller.  Raises CallGoneError."""
        parameters = call_parameters()
        parameters.statusCode = code
        self.answer(parameters)

    def end(self, code: int, reason: str) -> None:
        """CANCEL, BYE, or the final response ``code`` to a caller; ``reason``: RFC 3326.  Raises CallGoneError."""
        parameters = call_parameters()
        parameters.statusCode = code
        if reason:
            add_header(parameters, "Reason", f'Q.850 ;cause=102 ;text="{reason}"')
        self.hangup(parameters)

    def active_audio(self) -> Any:
        """Its audio media, None while there are none.  Raises CallGoneError."""
        info = self.getInfo()  # kept: its parts are freed with it
        active = any(
            media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
            for media in info.media
        )
        return self.getAudioMedia(-1) if active else None

    def signs_of_life(self) -> int:
        """RTP packets and RTCP reports that came since the media were last agreed on; 0 without media."""
        try:
            statistics = self.getStreamStat(0)  # kept: its parts are freed with it
        except pj.Error:
            return 0
        return int(statistics.rtcp.rxStat.pkt) + int(statistics.rtcp.txStat.updateCount)

    def send_digit(self, digit: str) -> None:
        """Press a key: RFC 4733, or SIP INFO when the peer did not offer telephone-event.  Raises CallGoneError."""
        try:
            self.dialDtmf(digit)
        except pj.Error:
            parameters = pj.CallSendDtmfParam()
            parameters.method, parameters.digits = pj.PJSUA_DTMF_METHOD_SIP_INFO, digit
            self.sendDtmf(parameters)

    def notify(self, event: str, state: str, fragment: str) -> None:
        """Send a NOTIFY with a ``message/sipfrag`` (RFC 3420) in this dialog.  Raises CallGoneError."""
        parameters = pj.CallSendRequestParam()
        parameters.method = "NOTIFY"
        add_header(parameters, "Event", event)
        add_header(parameters, "Subscription-State", state)
        parameters.txOption.contentType = "message/sipfrag;version=2.0"
        parameters.txOption.msgBody = fragment
        self.sendRequest(parameters)

    def onCallState(self, prm: Any) -> None:
        """The headers are only to be had while the event lasts."""
        if self.leg is None:
            return
        try:
            info = self.getInfo()
            message = ""
            event = prm.e
            if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
                message = repaired(event.body.tsxState.src.rdata.wholeMsg)
            reason = repaired(info.lastReason)[:REASON]
            self.leg.state_changed(
                info.state, info.lastStatusCode, reason, repaired(info.callIdString), Message(message)
            )
        except Exception as error:  # noqa: BLE001  would be swallowed by the binding
            self.leg.broke(error)

    def onCallTsxState(self, prm: Any) -> None:
        """The only sight of a 100, and of a whole REFER.  A 408 or 503 of the engine's own making is no response."""
        leg, state = self.leg, prm.e.body.tsxState
        if leg is None or state.type != pj.PJSIP_EVENT_RX_MSG:
            return
        try:
            if not leg.heard:
                leg.first_response()
            if state.tsx.method == "REFER":
                self._refer = Message(repaired(state.src.rdata.wholeMsg))
        except Exception as error:  # noqa: BLE001  as above
            leg.broke(error)

    def onCallMediaState(self, prm: Any) -> None:
        """Audio may have come up."""
        if self.leg is not None:
            self.leg.media_changed()

    def onDtmfDigit(self, prm: Any) -> None:
        """RFC 4733 or INFO.  onDtmfEvent stays as it is: with both, each digit counts twice."""
        if self.leg is not None:
            self.leg.digit_pressed(prm.digit)

    def onCallTransferRequest(self, prm: Any) -> None:
        """Only answered here: signaling/engine/native/refer.patch keeps the engine from calling anybody."""
        try:
            prm.statusCode = Status.DECLINE if self.leg is None else self.leg.refer_came(self._refer)
        except Exception:  # noqa: BLE001  would be swallowed by the binding, and 202 the answer
            _log.exception("REFER")
            prm.statusCode = Status.DECLINE

    def onCallRedirected(self, prm: Any) -> int:
        """A 3xx is a final response like any other: who dials decides where to."""
        return int(pj.PJSIP_REDIRECT_REJECT)


_alive: set[SipCall] = set()
"""Holds every live call: one without a reference would be hung up by its destructor."""


def calls_alive() -> int:
    """The engine's objects of calls in this process: what a leak would let grow."""
    return len(_alive)
