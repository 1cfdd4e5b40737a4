from __future__ import annotations

import ipaddress

import pytest

from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.guard import AddressGuard

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.8", "192.88.99.1", "198.18.0.1",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fc00::1",
    "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(RequestError) as refused:
        AddressGuard("").resolve(address, 80)
    assert refused.value.code == 11210


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111", "::ffff:93.184.215.14"])
def test_public_address_is_let_through(address: str) -> None:
    assert AddressGuard("").permits(ipaddress.ip_address(address))


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
