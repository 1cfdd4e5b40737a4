from __future__ import annotations

import pytest

from .engine import Story


@pytest.fixture
def story() -> Story:
    return Story()
