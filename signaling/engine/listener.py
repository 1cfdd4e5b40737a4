"""What the engine's objects know of the leg that they belong to; it is handed in, so that nothing here imports it."""

from __future__ import annotations

from typing import Any, Protocol

from chalicelib.sip.message import Message


class HasAudio(Protocol):
    """``audio``: the pjsua2 audio media of the call, None while there are none."""

    audio: Any


class CallListener(Protocol):
    """Told what happens to a call, inside the engine's callbacks: it records, and acts on the loop.

    ``heard``: whether any response came, or the call is an inbound one.
    """

    heard: bool

    def state_changed(self, state: int, code: int, reason: str, sip_call_id: str, message: Message) -> None:
        """``state`` is a pjsip_inv_state; ``message`` what brought it about, empty when nothing came in."""

    def first_response(self) -> None:
        """Something came from the callee's side."""

    def media_changed(self) -> None:
        """Audio may have come up, or gone."""

    def digit_pressed(self, digit: str) -> None:
        """A key, as RFC 4733 or INFO."""

    def refer_came(self, message: Message) -> int:
        """Returns the status of the response to the REFER ``message``."""

    def broke(self, error: Exception) -> None:
        """A callback failed, and what it was to record is lost."""
