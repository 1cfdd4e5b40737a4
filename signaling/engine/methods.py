"""The SIP methods that the task takes.  The engine answers all others itself, without touching a call."""

from __future__ import annotations

from .library import engine

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER")
REGISTRATION = ("REGISTER",)
"""Taken too by a task that has a registrar."""


def take_only(methods: tuple[str, ...]) -> None:
    """From now on, and say so in Allow; after libInit.  See signaling/engine/native/methods.c."""
    status = engine.callapi_methods_start(",".join(methods).encode())
    if status != 0:
        raise RuntimeError(f"the engine's gate did not start: {status}")
