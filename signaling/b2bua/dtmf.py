"""The keys of one call: which of those that its peer tells of count, and how it is told of ours."""

from __future__ import annotations

import logging
import time

import pjsua2 as pj

from chalicelib.sip.wire import KEYS

from ..engine.call import SipCall

SAME_KEY = 2.0
"""Seconds within which a key that was heard as a tone is also told as INFO, by a peer that does both."""
_log = logging.getLogger(__name__)


class Keypad:
    """That of the peer.  ``signals``: it tells of its keys, so that their tones are not listened to."""

    def __init__(self) -> None:
        self.signals = False
        self._tone = ("", 0.0)

    def tone_heard(self, digit: str) -> None:
        """It counts already; the peer may tell of it too."""
        self._tone = (digit, time.monotonic())

    def told(self, digit: str) -> bool:
        """Whether the key ``digit``, which came as RFC 4733 or INFO, counts.  An INFO may name what is no key."""
        if digit not in KEYS:
            return False
        self.signals = True
        (tone, at), self._tone = self._tone, ("", 0.0)
        return tone != digit or time.monotonic() - at >= SAME_KEY


def send(call: SipCall, digit: str) -> None:
    """As RFC 4733, or as INFO to a peer that did not offer telephone-event."""
    try:
        call.dialDtmf(digit)
    except pj.Error:
        _send_info(call, digit)


def _send_info(call: SipCall, digit: str) -> None:
    parameters = pj.CallSendDtmfParam()
    parameters.method, parameters.digits = pj.PJSUA_DTMF_METHOD_SIP_INFO, digit
    try:
        call.sendDtmf(parameters)
    except pj.Error:  # not up yet, or over
        _log.info("a digit is not sent")
