"""Where the engine may send a request within a dialog: it asks our guard, and does no DNS look-up of its own.

A peer writes its own Contact, and every proxy its Record-Route: without this a stranger could make the task send to any
address that it can reach.
"""

from __future__ import annotations

import logging

from chalicelib.webhooks.guard import AddressGuard

from .library import Judge, engine

_log = logging.getLogger(__name__)


class NextHop:
    """``start`` after libInit.  See signaling/engine/native/nexthop.c."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._judge = Judge(self._permits)  # kept: the engine calls it as long as it lives

    def start(self) -> None:
        """From now on."""
        if engine.callapi_nexthop_start(self._judge) != 0:
            raise RuntimeError("the engine does not take its next hops from us")

    def _permits(self, address: bytes) -> int:
        text = address.decode()
        permitted = self._guard.permits(text)
        if not permitted:
            _log.info("%s is not an address for a request within a dialog", text)
        return int(permitted)
