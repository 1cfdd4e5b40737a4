"""One platform for the tests of a module, with everybody who calls and is called there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from callapi.platform import platform
from chalicelib.calls.session import Application
from tests.platform.scene import HANG_UP, Call, Callee, Caller, Scene
from tests.signaling.sipp import Sipp
from tests.webhooks.servers import Application as Server
from tests.webhooks.servers import answer, application, closed_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scene")


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def fallback(stack: ExitStack) -> Server:
    return stack.enter_context(application(HANG_UP))


@pytest.fixture(scope="module")
def scene(stack: ExitStack, fallback: Server) -> Scene:
    """One platform for all tests.  The application of a domain that no test names is down, but has a fallback."""
    hooks = stack.enter_context(application(answer(204)))
    down = Application(
        "", url=f"http://127.0.0.1:{closed_port()}/voice", fallback_url=fallback.url("/fallback")
    )
    return Scene(stack.enter_context(platform(down)), hooks)


@pytest.fixture(scope="module")
def callee(stack: ExitStack, folder: Path) -> Callee:
    def start(scenario: str) -> Sipp:
        peer = Sipp(folder, scenario)
        stack.callback(peer.stop)
        return peer

    return start


@pytest.fixture(scope="module")
def call(stack: ExitStack, folder: Path, scene: Scene) -> Call:
    def start(scenario: str, domain: str, port: int = 0) -> Caller:
        caller = Caller(folder, scenario, port or scene.sip_port, domain)
        stack.callback(caller.stop)
        return caller

    return start
