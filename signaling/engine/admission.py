"""Admission: the engine itself refuses new INVITEs with 503 while the task is full or drains."""

from __future__ import annotations

from .endpoint import ENGINE_CALLS
from .library import engine, engine_counts

MOST_CALLS = ENGINE_CALLS * 7 // 8  # the rest is for the callees of the calls that are up


class Admission:
    """``start`` after libInit.  See signaling/engine/native/admission.c."""

    def start(self) -> None:
        """Begin to take INVITEs."""
        engine.callapi_admission_start(MOST_CALLS)

    def refuse(self) -> None:
        """503 to new calls from now on."""
        engine.callapi_admission_refuse(1)

    def take(self) -> None:
        """Take new calls again."""
        engine.callapi_admission_refuse(0)

    def engine_figures(self) -> dict[str, int]:
        """What the engine holds.  Transactions of calls that are over stay for up to 32 s.  For the loop only."""
        return dict(zip(("engine_calls", "dialogs", "transactions"), engine_counts(), strict=True))

    @property
    def refused(self) -> int:
        """Calls refused since the start."""
        return int(engine.callapi_admission_refused())
