from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cloud import Cloud, cloud_running


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with cloud_running() as running:
        yield running
