from __future__ import annotations

from tests.signaling.conftest import peers, sipp

__all__ = ["peers", "sipp"]
