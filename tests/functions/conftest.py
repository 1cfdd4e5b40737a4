"""The deployment in this process, and its step function: what the tests of most functions begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chalice.test import Client

from tests.storage.cloud import Cloud, function

from .api_client import Api


@pytest.fixture
def step(cloud: Cloud) -> Iterator[Client]:
    with function("step") as client:
        yield client


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Api]:
    with function("api") as client:
        yield Api(client)
