"""IPv6 targets on the wire, and the next hop that the engine is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sip.uri import read_uri
from signaling.routing.target import Target, loose
from tests.signaling.documents import MAIN, dial
from tests.signaling.name_server import name_server
from tests.signaling.sipp import Start, talks
from tests.signaling.softphone import dialled_by_name, softphone
from tests.signaling.task import Task, task_running
from tests.waiting import wait_until

IPV6 = {"SIP_HOST6": "::1", "ALLOWED_ADDRESSES": "127.0.0.0/8,::1"}


def bridged(task: Task, sipp: Start, enough: Callable[[], Any] | None = None) -> bool:
    assert talks(sipp, task, enough)
    wait_until(lambda: len(task.events("ended")) == 2)
    return len(task.events("bridged")) == 1


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_callee_at_an_ipv6_address_is_bridged_with_media(tmp_path: Path, sipp: Start, kind: str) -> None:
    with softphone(f"{kind}6") as phone:
        document = dial(f"sip:bob@[::1]:{phone.port};transport={kind}")
        with task_running(tmp_path, {MAIN: document}, **IPV6) as task:
            assert bridged(task, sipp, lambda: phone.of("heard"))
            task.wait_idle()
        [invite] = phone.of("invite")
    assert "c=IN IP6 ::1" in invite
    assert "Contact: <sip:callapi@[::1]" in invite


def test_name_with_an_ipv6_address_only_is_reached(tmp_path: Path, sipp: Start) -> None:
    with (
        softphone("udp6") as phone,
        name_server("pbx.example AAAA ::1") as dns,
        task_running(
            tmp_path, {MAIN: dial(f"sip:bob@pbx.example:{phone.port}")}, NAME_SERVERS=dns.address, **IPV6
        ) as task,
    ):
        assert bridged(task, sipp)
        task.wait_idle()


def test_tls_over_ipv6_has_the_certificate_of_the_name(tmp_path: Path, sipp: Start) -> None:
    with dialled_by_name(tmp_path, "tls6", parameters="transport=tls", address="AAAA ::1", **IPV6) as (
        _,
        task,
    ):
        assert bridged(task, sipp)
        task.wait_idle()


def test_ipv6_target_of_a_task_without_ipv6_is_unreachable(tmp_path: Path, sipp: Start) -> None:
    with task_running(tmp_path, {MAIN: dial("sip:bob@[::1]:5070")}, ALLOWED_ADDRESSES="::1") as task:
        assert sipp("caller_waits", task.sip_port).wait() == 0
        task.wait_idle()
        assert [event["error"] for event in task.events("ended") if event.get("error")] == [32011]


def test_next_hop_of_a_tls_server_names_the_dialled_host() -> None:
    target = Target("192.0.2.1", 5061, "tls", "example.com")
    assert (
        target.hop(read_uri("sips:bob@example.com")) == "sips:callapi-c0000201.example.com:5061;transport=tls"
    )


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:bob@192.0.2.1", ""),
        ("sip:bob@192.0.2.1:5060;transport=udp", ""),
        ("sip:bob@192.0.2.1;maddr=", ""),
        ("sip:bob@192.0.2.1;maddr=10.0.0.1", "sip:192.0.2.1:5060"),
        # The engine undoes the escape, and of two it takes the one with a value.
        ("sip:bob@192.0.2.1;m%61ddr=10.0.0.1", "sip:192.0.2.1:5060"),
        ("sip:bob@192.0.2.1;maddr=10.0.0.1;maddr=", "sip:192.0.2.1:5060"),
        ("sip:bob@192.0.2.1;maddr=;maddr=10.0.0.1", "sip:192.0.2.1:5060"),
    ],
)
def test_maddr_never_leads_past_the_address_that_was_judged(uri: str, hop: str) -> None:
    assert Target("192.0.2.1", 5060, "udp", "192.0.2.1").hop(read_uri(uri)) == hop


@pytest.mark.parametrize(
    ("proxy", "route"),
    [
        ("sip:edge.example", "sip:edge.example;lr"),
        ("sip:edge.example:5070;LR;transport=tcp", "sip:edge.example:5070;LR;transport=tcp"),
        ("sip:edge.example;lr=on", "sip:edge.example;lr=on"),
        ("sip:edge.example;lrx=1", "sip:edge.example;lrx=1;lr"),
    ],
)
def test_route_to_a_proxy_is_loose(proxy: str, route: str) -> None:
    assert loose(proxy) == route
