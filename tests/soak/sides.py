"""The two sides of a call that is up, each of which may ask anything in its dialog."""

from __future__ import annotations

from collections.abc import Callable

from tests.signaling.peer import Caller, Message, Peer

TIMER = ("Supported: timer", "Session-Expires: 1800;refresher=uac")
KEY = "Content-Type: application/dtmf-relay"
PRESSED = "Signal={key}\r\nDuration=100\r\n"


class Side:
    """One request after another, each with its answer.  ``say`` sends one."""

    def __init__(self, peer: Peer, say: Callable[..., None]) -> None:
        self._peer = peer
        self._say = say
        self._last = 0

    def ask(self, method: str, *lines: str, sdp: str = "", body: str = "") -> Message:
        """The final response, which must be 2xx."""
        self._say(method, *lines, sdp=sdp, body=body)
        answer = self._final(method)
        assert answer.line.startswith("SIP/2.0 2"), f"{method}: {answer.line}"
        if method == "INVITE":
            self._peer.acknowledge(answer)
        return answer

    def refresh(self) -> None:
        """As the session timer does it (RFC 4028 §7.4)."""
        self.ask("INVITE", *TIMER, sdp="sendrecv")

    def hold(self, direction: str) -> None:
        """RFC 3264 §8.4; ``sendrecv`` is the end of it."""
        self.ask("INVITE", sdp=direction)

    def press(self, key: str) -> None:
        self.ask("INFO", KEY, body=PRESSED.format(key=key))

    def _final(self, method: str) -> Message:
        while True:
            message = self._peer.expect("SIP/2.0 ")
            number, asked = message.cseq
            # An answer may come twice, when the ACK was late.
            if asked == method and number > self._last and not message.line.startswith("SIP/2.0 1"):
                self._last = number
                return message


def calling(caller: Caller) -> Side:
    """Of the caller, who has been picked up."""
    return Side(caller, caller.ask)


def called(callee: Peer, invite: Message) -> Side:
    """Of the callee, who has taken ``invite``."""

    def say(method: str, *lines: str, sdp: str, body: str) -> None:
        callee.request(method, invite, *lines, sdp=sdp, body=body)

    return Side(callee, say)
