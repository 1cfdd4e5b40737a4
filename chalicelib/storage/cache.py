"""A small in-process cache: bounded, and forgetful after a time that the caller's clock measures."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Cache(Generic[Kept]):
    """At most ``size`` values, the least recently used going first; each is forgotten after ``seconds``."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float]) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Kept]] = OrderedDict()

    def get(self, key: str, load: Callable[[], Kept]) -> Kept:
        """The value kept under ``key``; if there is none, that of ``load``, which is kept from then on."""
        now = self._clock()
        if key in self._kept:
            since, value = self._kept[key]
            if now - since < self._seconds:
                self._kept.move_to_end(key)
                return value
        value = load()
        self.put(key, value)
        return value

    def put(self, key: str, value: Kept) -> None:
        """Keep ``value`` under ``key`` from now on."""
        self._kept[key] = (self._clock(), value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
