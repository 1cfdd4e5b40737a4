"""The SIP engine's own object of a call, and its callbacks."""

from __future__ import annotations

import logging
from typing import Any

import pjsua2 as pj

from chalicelib.sip.message import Message
from chalicelib.sip.status import Status
from chalicelib.sip.wire import REASON, repaired

from .endpoint import SipAccount
from .listener import CallListener

_log = logging.getLogger(__name__)


class SipCall(pj.Call):
    """The engine's object.  Its callbacks only record."""

    def __init__(self, leg: CallListener, account: SipAccount, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.leg: CallListener | None = leg
        self._refer = Message("")

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
