"""A softphone registers at the whole platform, and the dialler's storage knows where it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from callapi.packaging import ROOT
from callapi.platform import Platform, platform
from callapi.up import application_from, client_from
from chalicelib.registrar.contacts import Contact, Contacts
from chalicelib.storage.table import Table
from tests.signaling.softphone import registering_softphone
from tests.waiting import wait_until

PASSWORD = "wonderland-42"


@pytest.fixture(scope="module")
def local() -> Iterator[Platform]:
    clients = (client_from(f"alice:{PASSWORD}"), client_from("bob:with:colons"))
    with platform(application_from(None, None), clients=clients) as running:
        yield running


def sip_port(local: Platform) -> int:
    return int(local.running.ready.sip_uri.rpartition(":")[2])


def contacts(local: Platform, *names: str) -> dict[str, tuple[Contact, ...]]:
    table = Table(local.cloud.dynamodb(), local.running.calls_table)
    return Contacts(table).of(local.running.ready.account_sid, names)


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_softphone_is_found_until_it_leaves(local: Platform, kind: str) -> None:
    with registering_softphone(sip_port(local), "alice", PASSWORD, kind) as phone:
        wait_until(lambda: phone.of("registered") == [200], 20)
        found = contacts(local, "alice", "bob")
        (contact,) = found["alice"]
        assert contact.received.startswith("sip:127.0.0.1:")
        assert contact.received.endswith(f";transport={kind}")
        assert contact.uri.startswith("sip:alice@127.0.0.1:")
        assert found["bob"] == ()
        phone.leave()
        wait_until(lambda: phone.of("registered") == [200, 200], 20)
        assert contacts(local, "alice") == {"alice": ()}


def test_password_may_hold_colons(local: Platform) -> None:
    with registering_softphone(sip_port(local), "bob", "with:colons") as phone:
        wait_until(lambda: phone.of("registered") == [200], 20)


def test_wrong_password_is_forbidden_and_nothing_of_it_is_written(local: Platform) -> None:
    with registering_softphone(sip_port(local), "alice", "looking-glass-42") as phone:
        wait_until(lambda: phone.of("registered") == [403], 20)
    written = "".join(path.read_text(errors="replace") for path in local.folder.rglob("*.log"))
    assert "looking-glass-42" not in written
    assert PASSWORD not in written
    assert "response=" not in written


@pytest.mark.parametrize("wrong", ["alice-looking-glass", "al ice:looking-glass", ":looking-glass", "alice:"])
def test_client_that_cannot_be_is_refused_without_showing_its_password(wrong: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "callapi", "up", "--client", wrong], cwd=ROOT, env=os.environ, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "--client" in run.stderr
    assert "looking-glass" not in run.stdout + run.stderr
