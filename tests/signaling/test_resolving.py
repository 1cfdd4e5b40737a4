"""RFC 3263 against a real name server: which addresses a URI leads to, in which order, and which are refused."""

from __future__ import annotations

import socket
import time
from collections import Counter

import pytest

from chalicelib.calls.routing.policy import HostRules
from chalicelib.catalogue import Code
from chalicelib.webhooks.guard import AddressGuard
from signaling.routing.resolver import Resolver
from signaling.routing.target import TargetError
from tests.signaling.name_server import name_server
from tests.webhooks.addresses import REFUSED_FOR_URLS_ALONE

LOOPBACK = AddressGuard("127.0.0.0/8,::1")
PUBLIC = AddressGuard("")


def places(
    zone: str, uri: str, *, guard: AddressGuard = LOOPBACK, ipv6: bool = False
) -> list[tuple[str, int, str]]:
    with name_server(zone) as server:
        found = Resolver(guard, (server.address,), ipv6=ipv6).targets(uri)
    return [(target.address, target.port, target.transport) for target in found]


def test_srv_priorities_are_the_order() -> None:
    zone = """
        _sip._udp.example.com SRV 20 0 5080 b.example.com.
        _sip._udp.example.com SRV 10 0 5070 a.example.com.
        a.example.com A 127.0.0.2
        b.example.com A 127.0.0.3
    """
    assert places(zone, "sip:bob@example.com;transport=udp") == [
        ("127.0.0.2", 5070, "udp"),
        ("127.0.0.3", 5080, "udp"),
    ]


def test_srv_weights_share_the_first_place() -> None:
    zone = """
        _sip._udp.example.com SRV 1 30 5070 a.example.com.
        _sip._udp.example.com SRV 1 10 5080 a.example.com.
        _sip._udp.example.com SRV 1 0 5090 a.example.com.
        a.example.com A 127.0.0.2
    """
    with name_server(zone) as server:
        resolver = Resolver(LOOPBACK, (server.address,))
        first = Counter(resolver.targets("sip:example.com;transport=udp")[0].port for _ in range(400))
    assert 220 < first[5070] < 380
    assert first[5090] < 20


def test_naptr_chooses_the_transport_where_the_uri_does_not() -> None:
    zone = """
        example.com NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.example.com.
        example.com NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp.example.com.
        example.com NAPTR 10 10 "s" "SIP+D2S" "" _sip._sctp.example.com.
        _sip._udp.example.com SRV 1 1 5060 a.example.com.
        _sip._tcp.example.com SRV 1 1 5062 a.example.com.
        a.example.com A 127.0.0.2
    """
    assert places(zone, "sip:bob@example.com") == [("127.0.0.2", 5062, "tcp"), ("127.0.0.2", 5060, "udp")]
    assert places(zone, "sip:bob@example.com;transport=udp") == [("127.0.0.2", 5060, "udp")]


def test_sips_goes_to_tls_servers_only() -> None:
    zone = """
        _sip._udp.example.com SRV 1 1 5060 a.example.com.
        _sips._tcp.example.com SRV 1 1 5099 a.example.com.
        a.example.com A 127.0.0.2
    """
    assert places(zone, "sips:bob@example.com") == [("127.0.0.2", 5099, "tls")]
    assert places("a.example.com A 127.0.0.2", "sips:bob@a.example.com") == [("127.0.0.2", 5061, "tls")]


def test_secure_media_asks_for_tls_unless_the_uri_names_a_transport() -> None:
    zone = "a.example.com A 127.0.0.2"
    assert places(zone, "sip:bob@a.example.com;secure=true") == [("127.0.0.2", 5061, "tls")]
    assert places(zone, "sip:bob@a.example.com;transport=tcp;secure=true") == [("127.0.0.2", 5060, "tcp")]


def test_port_in_the_uri_asks_for_addresses_only() -> None:
    zone = """
        _sip._udp.example.com SRV 1 1 5099 elsewhere.example.com.
        example.com A 127.0.0.2
        example.com A 127.0.0.3
    """
    with name_server(zone) as server:
        found = Resolver(LOOPBACK, (server.address,)).targets("sip:bob@example.com:5070")
        assert server.asked == [("example.com", "A")]
    assert {(target.address, target.port) for target in found} == {("127.0.0.2", 5070), ("127.0.0.3", 5070)}


def test_name_without_srv_is_its_own_server() -> None:
    assert places("example.com A 127.0.0.2", "sip:bob@example.com") == [("127.0.0.2", 5060, "udp")]


def test_srv_that_points_to_nowhere_is_unreachable() -> None:
    zone = """
        _sip._udp.example.com SRV 0 0 0 .
        example.com A 127.0.0.2
    """
    with pytest.raises(TargetError) as failed:
        places(zone, "sip:bob@example.com;transport=udp")
    assert failed.value.code == Code.SIP_UNREACHABLE


def test_refused_address_of_a_server_is_left_out_and_the_others_stay() -> None:
    zone = """
        _sip._udp.example.com SRV 1 0 5060 inside.example.com.
        _sip._udp.example.com SRV 2 0 5060 outside.example.com.
        inside.example.com A 169.254.169.254
        inside.example.com A 10.0.0.1
        outside.example.com A 203.0.114.5
    """
    assert places(zone, "sip:bob@example.com;transport=udp", guard=PUBLIC) == [("203.0.114.5", 5060, "udp")]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1", "100.64.0.1"])
def test_name_with_refused_addresses_only_is_refused(address: str) -> None:
    with pytest.raises(TargetError) as failed:
        places(f"example.com A {address}", "sip:bob@example.com", guard=PUBLIC)
    assert failed.value.code == Code.SIP_HOST_REFUSED


@pytest.mark.parametrize("address", REFUSED_FOR_URLS_ALONE)
def test_address_that_once_only_urls_were_refused_is_refused_for_sip_too(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(TargetError) as failed:
        Resolver(PUBLIC, ipv6=True).targets(f"sip:bob@{host}")
    assert failed.value.code == Code.SIP_HOST_REFUSED


def test_mapped_address_of_dns_is_judged_as_the_ipv4_address() -> None:
    zone = "example.com AAAA ::ffff:127.0.0.1"
    assert places(zone, "sip:bob@example.com:5060", ipv6=True) == [("::ffff:127.0.0.1", 5060, "udp")]
    with pytest.raises(TargetError) as failed:
        places(zone, "sip:bob@example.com:5060", guard=PUBLIC, ipv6=True)
    assert failed.value.code == Code.SIP_HOST_REFUSED


def test_name_that_the_deployment_allows_is_called_wherever_srv_puts_it() -> None:
    zone = """
        _sip._udp.example.com SRV 1 0 5060 a.example.net.
        a.example.net A 127.0.0.2
    """
    for allowed in ("example.com", "A.example.net"):
        guard = AddressGuard(allowed)
        assert places(zone, "sip:bob@example.com;transport=udp", guard=guard) == [("127.0.0.2", 5060, "udp")]


def test_rules_of_the_account_judge_every_address_and_port_that_dns_gives() -> None:
    zone = """
        _sip._udp.example.com SRV 1 0 5060 a.example.com.
        _sip._udp.example.com SRV 2 0 25 b.example.com.
        a.example.com A 127.0.0.2
        b.example.com A 127.0.0.3
    """
    uri = "sip:bob@example.com;transport=udp"
    with name_server(zone) as server:
        resolver = Resolver(LOOPBACK, (server.address,))
        [left] = resolver.targets(uri, HostRules(refused_ports=("25",)))
        assert left.address == "127.0.0.2"
        with pytest.raises(TargetError) as failed:
            resolver.targets(uri, HostRules(refused_hosts=("127.0.0.0/24",)))
    assert failed.value.code == Code.SIP_HOST_REFUSED


def test_ipv6_is_asked_for_where_the_task_has_it() -> None:
    zone = """
        example.com A 127.0.0.2
        example.com AAAA ::1
    """
    assert places(zone, "sip:bob@example.com", ipv6=True) == [
        ("127.0.0.2", 5060, "udp"),
        ("::1", 5060, "udp"),
    ]
    assert places(zone, "sip:bob@example.com") == [("127.0.0.2", 5060, "udp")]
    with pytest.raises(TargetError):
        places(zone, "sip:bob@[::1]")


def test_name_that_the_system_knows_needs_no_dns() -> None:
    assert Resolver(LOOPBACK).targets("sip:bob@localhost:5070")[0].address == "127.0.0.1"
    assert Resolver(LOOPBACK, ipv6=True).targets("sip:bob@localhost:5070")[0].address == "127.0.0.1"


def test_silent_name_server_costs_five_seconds_at_most() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = Resolver(LOOPBACK, (f"127.0.0.1:{silent.getsockname()[1]}",))
        began = time.monotonic()
        with pytest.raises(TargetError) as failed:
            resolver.targets("sip:bob@example.com")
    assert failed.value.code == Code.SIP_UNREACHABLE
    assert time.monotonic() - began < 6.5
