"""The short calls beside the long ones: prompts cut off, keys pressed into them, transfers, cancels, forks."""

from __future__ import annotations

import time
from contextlib import ExitStack
from random import Random
from typing import TypeVar

from tests.signaling.peer import Caller, Peer
from tests.waiting import wait_until

from .long_call import action, dial, taken, target
from .sides import called, calling
from .site import VOICE, Site

PROMPT = "<Say>Thank you for calling. Please wait until somebody is there for you, or hang up.</Say>"
CUT_WITHIN = 1.5
"""Seconds after the answer, in which the prompt is told and the sound after it begins."""
ANOTHER_KEY = 0.5
SHOWN = "Refer-To: <sip:carol@example.net>"
TRIES = 20
AnyPeer = TypeVar("AnyPeer", bound=Peer)


class Flow:
    """One short call.  ``number``: of the flow."""

    def __init__(self, number: int, random: Random, site: Site, port: int) -> None:
        self._random, self._site, self._port = random, site, port
        self._key = f"flow{number}"
        self._peers = ExitStack()

    def run(self, kind: str) -> None:
        """One of KINDS."""
        with self._peers:
            KINDS[kind](self)

    def cut_off(self) -> None:
        """The caller hangs up in the middle of a Say, or of the Play after it."""
        caller = self._call(
            f"<Response>{PROMPT}<Play loop='3'>{self._site.url('/sound.wav')}</Play></Response>"
        )
        caller.picked_up()
        time.sleep(self._random.uniform(0, CUT_WITHIN))
        calling(caller).ask("BYE")

    def barge_in(self) -> None:
        """A key ends the prompt of a Gather."""
        where = self._site.url(action(self._key))
        caller = self._call(f'<Response><Gather numDigits="1" action="{where}">{PROMPT}</Gather></Response>')
        caller.picked_up()
        side = calling(caller)
        time.sleep(self._random.uniform(0, CUT_WITHIN))
        for _ in range(TRIES):  # a key before the Gather began is none of its
            if self._site.asked[action(self._key)] or caller.count("BYE"):
                break
            side.press("5")
            time.sleep(ANOTHER_KEY)
        caller.expect("BYE")
        [form] = self._site.asked[action(self._key)]
        assert form["Digits"] == "5"

    def transfer(self) -> None:
        """The callee refers the caller to another one, who then talks to him."""
        bob, carol = self._peer(Peer()), self._peer(Peer())
        refer = f"/refer/{self._key}"
        self._site.documents[refer] = dial(self._site, f"{self._key}b", carol)
        takes = f'referUrl="{self._site.url(refer)}"'
        caller = self._call(dial(self._site, self._key, bob, attributes=takes))
        invite = taken(bob)
        caller.picked_up()
        called(bob, invite).ask("REFER", SHOWN)
        bob.expect("BYE")
        taken(carol)
        wait_until(lambda: carol.count("ACK"))
        calling(caller).ask("BYE")
        carol.expect("BYE")

    def cancel(self) -> None:
        """The caller gives up while it rings."""
        bob = self._peer(Peer())
        caller = self._call(dial(self._site, self._key, bob))
        bob.reply(bob.expect("INVITE"), "180 Ringing")
        caller.expect("SIP/2.0 180")
        caller.cancel()
        caller.expect("SIP/2.0 487")
        bob.expect("CANCEL")

    def fork(self) -> None:
        """Three are called, one answers."""
        callees = [self._peer(Peer()) for _ in range(3)]
        caller = self._call(dial(self._site, self._key, *callees))
        invites = [callee.expect("INVITE") for callee in callees]
        for callee, invite in zip(callees, invites, strict=True):
            callee.reply(invite, "180 Ringing")
        winner = self._random.randrange(3)
        callees[winner].answer(invites[winner])
        caller.picked_up()
        bob = callees.pop(winner)
        for loser in callees:
            loser.expect("CANCEL")
        calling(caller).ask("BYE")
        bob.expect("BYE")

    def _call(self, document: str) -> Caller:
        self._site.documents[f"{VOICE}/{self._key}"] = document
        caller = self._peer(Caller(self._port))
        caller.call(target=target(self._key, self._port))
        return caller

    def _peer(self, peer: AnyPeer) -> AnyPeer:
        self._peers.callback(peer.close)
        return peer


KINDS = {
    "cut-off": Flow.cut_off,
    "barge-in": Flow.barge_in,
    "transfer": Flow.transfer,
    "cancel": Flow.cancel,
    "fork": Flow.fork,
}
