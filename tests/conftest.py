"""What lets the tests run side by side: own ports, and what is together or apart; and the cloud of many of them."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from callapi.processes import PORTS, SHARE

if TYPE_CHECKING:
    from tests.storage.cloud import Cloud

# A platform, an emulator or a certificate authority is started for such a file once.
SHARING = (
    "tests/platform/", "tests/infrastructure/", "tests/soak/", "tests/signaling/test_tls.py",
    "tests/signaling/test_engine_build.py",
)  # fmt: skip

# On a busy machine any example can exceed the 200 ms that Hypothesis allows.
settings.register_profile("callapi", deadline=None)
settings.load_profile("callapi")

if worker := re.search(r"\d+", os.environ.get("PYTEST_XDIST_WORKER", "")):
    # Two runs on one machine begin at different places of the row.
    turn = int(worker[0]) + int(os.environ["PYTEST_XDIST_TESTRUNUID"], 16)
    start = PORTS.start + turn % (len(PORTS) // SHARE) * SHARE
    os.environ["CALLAPI_PORTS"] = f"{start}-{start + SHARE - 1}"


class Scheduling(LoadScopeScheduling):
    """One test after another to whoever is free, those of a file of ``SHARING`` to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """For several workers: in the order that they collected in, not by the number of tests."""
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For several workers: see ``_mixed``."""
    if hasattr(config, "workerinput"):
        items[:] = _mixed(items)


def _mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """Those that wait among those that compute; the longest file of ``SHARING`` first, the others one by one."""
    shared = [item for item in items if _unit(item.nodeid) != item.nodeid]
    files = [list(tests) for _, tests in groupby(shared, key=lambda item: _unit(item.nodeid))]
    files.sort(key=len, reverse=True)
    rest = [item for item in items if _unit(item.nodeid) == item.nodeid]
    rest.sort(key=lambda item: zlib.crc32(item.nodeid.encode()))
    step = len(rest) // 2 // max(1, len(files))  # the last file begins half-way
    mixed = [item for n, tests in enumerate(files) for item in (*tests, *rest[n * step : (n + 1) * step])]
    return mixed + rest[len(files) * step :]


def _unit(nodeid: str) -> str:
    return nodeid.partition("::")[0] if nodeid.startswith(SHARING) else nodeid


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An AWS account with the tables and queues of a deployment."""
    from tests.storage.cloud import cloud_running  # a second that few tests need

    with cloud_running() as running:
        yield running
