from __future__ import annotations

import ipaddress
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.guard import REFUSED, AddressGuard
from tests.webhooks.addresses import REFUSED_FOR_URLS_ALONE

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.8", "192.88.99.1", "198.18.0.1",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fc00::1",
    "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1", "2001:db8::1",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "233.252.0.1", "2001:2::1", "2001:20::1", "3fff::1",
]  # fmt: skip


EMBEDDINGS = {
    "mapped": "::ffff:{0}",
    "compatible": "::{0}",
    "NAT64": "64:ff9b::{0}",
    "6to4": "2002:{1:04x}:{2:04x}::1",
}


@pytest.mark.parametrize("address", [*INSIDE, *REFUSED_FOR_URLS_ALONE])
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(RequestError) as refused:
        AddressGuard("").resolve(address, 80)
    assert refused.value.code == 11210


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111", "::ffff:93.184.215.14"])
def test_public_address_is_let_through(address: str) -> None:
    assert AddressGuard("").permits(address)


def test_name_is_judged_by_the_address_it_resolves_to() -> None:
    with pytest.raises(RequestError) as refused:
        AddressGuard("").resolve("localhost", 80)
    assert refused.value.code == 11210


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1"])
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises(RequestError) as refused:
        AddressGuard("").resolve(host, 80)
    assert refused.value.code in (11205, 11210)


@pytest.mark.parametrize("allowed", ["127.0.0.0/8", "10.0.0.0/8, 127.0.0.1", "localhost, ::1,127.0.0.0/8"])
def test_deployment_lets_through_what_it_names(allowed: str) -> None:
    assert AddressGuard(allowed).resolve("127.0.0.1", 80) == "127.0.0.1"


def test_named_host_is_let_through_and_no_other_name_of_its_address() -> None:
    guard = AddressGuard("LocalHost")
    assert guard.resolve("localhost", 80) in ("127.0.0.1", "::1")
    with pytest.raises(RequestError):
        guard.resolve("127.0.0.1", 80)


def test_name_without_address_is_a_failed_connection() -> None:
    with pytest.raises(RequestError) as missing:
        AddressGuard("").resolve("nowhere.invalid", 80)
    assert missing.value.code == 11205


@given(
    address=st.one_of(
        st.ip_addresses(v=4),
        st.sampled_from([net for net in REFUSED if net.version == 4]).flatmap(
            lambda network: st.ip_addresses(network=network)
        ),
    ),
    form=st.sampled_from(sorted(EMBEDDINGS)),
    allowed=st.sampled_from(["", "127.0.0.0/8", "10.1.2.3, 169.254.0.0/16", "0.0.0.0/0"]),
)
def test_embedded_ipv4_address_is_judged_as_the_address_itself(
    address: ipaddress.IPv4Address, form: str, allowed: str
) -> None:
    number = int(address)
    embedded = EMBEDDINGS[form].format(address, number >> 16, number & 0xFFFF)
    if embedded in ("::0.0.0.0", "::0.0.0.1"):
        return  # the unspecified address and loopback of IPv6 itself
    guard = AddressGuard(allowed)
    assert guard.permits(embedded) == guard.permits(str(address))


def test_allowed_loopback_of_ipv4_is_not_that_of_ipv6() -> None:
    guard = AddressGuard("0.0.0.0/0")
    assert not guard.permits("::1")
    assert not guard.permits("::")
    assert AddressGuard("::1").permits("::1")


def test_allowed_network_of_ipv6_may_be_one_of_a_translator() -> None:
    guard = AddressGuard("64:ff9b:1::/48")
    assert guard.permits("64:ff9b:1::10.0.0.1")
    assert not guard.permits("64:ff9b::10.0.0.1")


def test_scope_of_a_link_local_address_changes_nothing() -> None:
    assert not AddressGuard("").permits("fe80::1%lo")
    assert AddressGuard("fe80::/10").permits("fe80::1%lo")


def test_host_with_a_refused_and_a_public_address_is_reached_at_the_public_one() -> None:
    found = [(2, 1, 6, "", (address, 80)) for address in ("10.0.0.1", "93.184.215.14")]
    with patch("socket.getaddrinfo", return_value=found):
        assert AddressGuard("").resolve("app.example.com", 80) == "93.184.215.14"
