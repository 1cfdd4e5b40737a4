"""``sips:`` and ``;transport=tls`` against a second stack: the certificate must be the dialled host's (RFC 5922)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signaling.certificates import Certificate, authority, certificate
from tests.signaling.documents import MAIN, dial
from tests.signaling.name_server import name_server
from tests.signaling.sipp import Start
from tests.signaling.softphone import Softphone, softphone
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return authority(tmp_path_factory.mktemp("ca"))


def outcome(
    folder: Path, sipp: Start, phone: Softphone, uri: str, **environment: str
) -> tuple[Task, list[int]]:
    """Dial until the callee is gone; the codes of legs that were not answered."""
    zone = f"_sips._tcp.pbx.example SRV 0 0 {phone.port} node.pbx.example.\nnode.pbx.example A 127.0.0.1"
    with (
        name_server(zone) as dns,
        task_running(folder, {MAIN: dial(uri)}, NAME_SERVERS=dns.address, **environment) as task,
    ):
        sipp("caller_waits" if "refused" in str(folder) else "caller", task.sip_port).wait()
        wait_until(lambda: len(task.events("ended")) == 2)
        return task, [event["code"] for event in task.events("ended") if event.get("code")]


@pytest.mark.parametrize("uri", ["sips:bob@pbx.example", "sip:bob@pbx.example;transport=tls"])
def test_certificate_of_the_dialled_domain_is_trusted(
    tmp_path: Path, sipp: Start, ca: Certificate, uri: str
) -> None:
    made = certificate(tmp_path, ca, "pbx.example")
    with softphone("tls", "none", cert=str(made.cert), key=str(made.key)) as phone:
        task, codes = outcome(tmp_path, sipp, phone, uri, TLS_CA_FILE=str(ca.cert))
        assert codes == []
        assert len(task.events("bridged")) == 1
        [invite] = phone.of("invite")
        wait_until(lambda: "DISCONNECTED" in str(phone.of("state")))
    assert invite.startswith(f"INVITE {uri} SIP/2.0")
    assert "SIP/2.0/TLS" in invite


def test_refused_is_a_certificate_of_another_name(tmp_path: Path, sipp: Start, ca: Certificate) -> None:
    """The name of the SRV record's server does not do: DNS is not to be trusted (RFC 5922 §4)."""
    made = certificate(tmp_path, ca, "node.pbx.example")
    with softphone("tls", "none", cert=str(made.cert), key=str(made.key)) as phone:
        _, codes = outcome(tmp_path, sipp, phone, "sips:bob@pbx.example", TLS_CA_FILE=str(ca.cert))
        assert codes == [503]
        assert phone.of("invite") == []


def test_refused_is_a_certificate_of_an_unknown_authority(tmp_path: Path, sipp: Start) -> None:
    made = certificate(tmp_path, authority(tmp_path), "pbx.example")
    with softphone("tls", "none", cert=str(made.cert), key=str(made.key)) as phone:
        _, codes = outcome(tmp_path, sipp, phone, "sips:bob@pbx.example")
        assert codes == [503]
        assert phone.of("invite") == []


def test_verification_is_off_by_configuration_only(tmp_path: Path, sipp: Start) -> None:
    made = certificate(tmp_path, authority(tmp_path), "other.example")
    with softphone("tls", "none", cert=str(made.cert), key=str(made.key)) as phone:
        task, codes = outcome(tmp_path, sipp, phone, "sips:bob@pbx.example", TLS_VERIFY="false")
        assert codes == []
        assert len(task.events("bridged")) == 1
