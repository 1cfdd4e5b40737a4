from __future__ import annotations

import pytest

from chalicelib.storage.accounts import InvalidClientError

from .cloud import ACCOUNT, Cloud

PASSWORD = "Circle of Life"


def test_password_of_a_client_is_nowhere_in_the_table(cloud: Cloud) -> None:
    cloud.accounts.save_client(ACCOUNT, "alice", PASSWORD, ("example.com",))
    assert PASSWORD not in str(cloud.dynamodb.scan(TableName="accounts")["Items"])


def test_client_registers_at_its_realms_only(cloud: Cloud) -> None:
    cloud.accounts.save_client(ACCOUNT, "alice", PASSWORD, ("Example.com", "[2001:db8::1]"))
    found = [
        cloud.accounts.client_secret(ACCOUNT, "alice", realm, "MD5")
        for realm in ("example.com", "EXAMPLE.com", "[2001:db8::1]", "other.example.com")
    ]
    assert found[0] == found[1] != found[2]
    assert found[3] is None
    assert all(found[:3])


def test_each_algorithm_has_its_own_secret(cloud: Cloud) -> None:
    cloud.accounts.save_client(ACCOUNT, "alice", PASSWORD, ("example.com",))
    md5, sha256 = (
        cloud.accounts.client_secret(ACCOUNT, "alice", "example.com", algorithm) or ""
        for algorithm in ("MD5", "SHA-256")
    )
    assert (len(md5), len(sha256)) == (32, 64)


def test_client_is_that_of_its_account(cloud: Cloud) -> None:
    cloud.accounts.save_client(ACCOUNT, "alice", PASSWORD, ("example.com",))
    assert cloud.accounts.client_secret("AC" + "9" * 32, "alice", "example.com", "MD5") is None
    assert cloud.accounts.client_secret(ACCOUNT, "Alice", "example.com", "MD5") is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("", "x"),
        ("a b", "x"),
        ("al:ice", "x"),
        ("alice@h", "x"),
        ("a" * 122, "x"),
        ("alice", ""),
        ("al#x", "x"),
    ],
)
def test_client_has_a_name_that_needs_no_escape_and_a_password(
    cloud: Cloud, name: str, password: str
) -> None:
    with pytest.raises(InvalidClientError):
        cloud.accounts.save_client(ACCOUNT, name, password, ("example.com",))
