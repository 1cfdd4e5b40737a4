from __future__ import annotations

import pytest

from chalicelib.calls.session import Application
from chalicelib.storage.accounts import CACHE_SECONDS, Accounts
from chalicelib.storage.table import Table

from .cloud import ACCOUNT, TOKEN, Cloud


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(cloud: Cloud, clock: Clock) -> Accounts:
    return Accounts(Table(cloud.dynamodb, "accounts"), clock)


def test_token_of_an_account(accounts: Accounts) -> None:
    assert accounts.token(ACCOUNT) == TOKEN
    assert accounts.token("AC" + "f" * 32) is None


def test_domain_row_is_no_account(accounts: Accounts) -> None:
    assert accounts.token("domain#*") is None


@pytest.mark.parametrize(
    ("domain", "to", "url"),
    [
        ("pbx.example.com", "sip:1@pbx.example.com", "https://own/"),
        ("PBX.example.COM", "sip:1@x", "https://own/"),
        ("", "sip:1@pbx.example.com:5062;transport=tcp", "https://own/"),
        ("other.example.com", "sip:1@pbx.example.com", "https://app.example.com/voice"),
        ("", "sip:1@[2001:db8::1]:5060", "https://six/"),
    ],
)
def test_application_is_that_of_the_domain_else_of_every_domain(
    accounts: Accounts, domain: str, to: str, url: str
) -> None:
    accounts.save_application("pbx.example.com", Application(ACCOUNT, url="https://own/"))
    accounts.save_application("[2001:db8::1]", Application(ACCOUNT, url="https://six/"))
    application = accounts.application_for(domain, to)
    assert application is not None
    assert application.url == url


def test_changed_token_is_believed_after_half_a_minute(
    cloud: Cloud, accounts: Accounts, clock: Clock
) -> None:
    accounts.token(ACCOUNT)
    cloud.accounts.save_account(ACCOUNT, "new")
    clock.now += CACHE_SECONDS - 1
    assert accounts.token(ACCOUNT) == TOKEN
    clock.now += 1
    assert accounts.token(ACCOUNT) == "new"
