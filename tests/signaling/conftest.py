from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.signaling.sipp import Sipp


@pytest.fixture
def sipp(tmp_path: Path) -> Iterator[Callable[..., Sipp]]:
    """Starts peers; those that still run at the end are ended."""
    started: list[Sipp] = []

    def start(scenario: str, remote: int = 0, **keys: Any) -> Sipp:
        started.append(Sipp(tmp_path, scenario, remote, **keys))
        return started[-1]

    yield start
    for peer in started:
        peer.stop()


@pytest.fixture
def peers() -> Iterator[Callable[..., Any]]:
    """Makes ``Peer``, ``Caller``, ``Telephone``: whatever is closed in the end."""
    made: list[Any] = []

    def make(kind: Callable[..., Any], *arguments: Any, **keys: Any) -> Any:
        made.append(kind(*arguments, **keys))
        return made[-1]

    yield make
    for one in made:
        one.close()
