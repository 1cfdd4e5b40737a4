"""Which 3xx send an INVITE elsewhere (RFC 3261 §8.1.3.4); where to: `chalicelib.sip.contacts.redirect_targets`."""

from __future__ import annotations

from chalicelib.sip.status import Status

MOVED = frozenset({Status.MULTIPLE_CHOICES, Status.MOVED_PERMANENTLY, Status.MOVED_TEMPORARILY})
"""305 names a proxy and 380 another service: neither is another place to send this INVITE to."""
MOST = 5
"""Redirections that one leg follows."""
