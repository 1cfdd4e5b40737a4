"""Accounts and the applications that incoming calls run.

Table: ``pk = AC…`` holds an account (``auth_token``, and ``policy`` as JSON); ``pk = domain#<host>`` the application
of a SIP domain and ``pk = domain#*`` that of every domain without one, as JSON in ``application``;
``pk = client#<AccountSid>#<name>`` what a client that registers must know, for each realm and digest algorithm, as JSON
in ``ha1``.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

import msgspec

from ..calls.protocol import decode, encode
from ..calls.routing.policy import HostRules, InvalidPolicyError, Policy, check_policy, read_policy
from ..calls.session import Application
from ..sip.digest import ALGORITHMS, Algorithm, ha1
from ..sip.uri import read_uri
from .cache import Cache
from .table import Item, Table

CACHED = 1000
CACHE_SECONDS = 30.0
# RFC 2606: no host has this name.
NOWHERE = Policy(HostRules(allowed_hosts=("nowhere.invalid",)))
# Of the user part of a SIP URI (RFC 3261 §25.1) those that need no escape and no second thought.
_CLIENT_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,121}")
_log = logging.getLogger(__name__)


class InvalidClientError(ValueError):
    """A client cannot have this name, or no password."""


class Accounts:
    """The accounts table.  What it read is cached for 30 s of ``clock`` (seconds)."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._cache: Cache[Item | None] = Cache(CACHED, CACHE_SECONDS, clock)

    def token(self, sid: str) -> str | None:
        """The AuthToken of account ``sid``; None when there is no such account."""
        item = self._read(sid) if sid.startswith("AC") else None
        return str(item["auth_token"]) if item else None

    def application_for(self, domain: str, to: str) -> Application | None:
        """What a call to ``to`` at SIP ``domain`` (empty: that of ``to``) runs; None when nobody is there."""
        host = domain.lower() or read_uri(to).host
        item = self._read(f"domain#{host}") or self._read("domain#*")
        return self.restricted(decode(str(item["application"]), Application)) if item else None

    def account_of(self, domain: str) -> str | None:
        """The account whose application ``domain`` (a host) runs, and whose clients therefore register there."""
        item = self._read(f"domain#{domain.lower()}") or self._read("domain#*")
        return decode(str(item["application"]), Application).account_sid if item else None

    def client_secret(self, sid: str, name: str, realm: str, algorithm: Algorithm) -> str | None:
        """The HA1 of client ``name`` of account ``sid`` (RFC 7616 §3.4.2); None if it cannot register there."""
        item = self._read(f"client#{sid}#{name}")
        secrets = decode(str(item["ha1"]), dict[str, dict[str, str]]) if item else {}
        return secrets.get(realm.lower(), {}).get(algorithm)

    def restricted(self, application: Application) -> Application:
        """``application`` under the policy of its account; one that cannot be read lets it dial nowhere."""
        item = self._read(application.account_sid)
        policy = _policy(application.account_sid, str(item["policy"])) if item and "policy" in item else None
        return msgspec.structs.replace(application, policy=policy)

    def save_account(self, sid: str, token: str, policy: Policy | None = None) -> None:
        """Create account ``sid``, or give it this AuthToken and this policy.  Raises InvalidPolicyError."""
        item: Item = {"pk": sid, "auth_token": token}
        if policy is not None:
            check_policy(policy)
            item["policy"] = encode(policy).decode()
        self._table.put(item)

    def save_application(self, domain: str, application: Application) -> None:
        """Let calls to ``domain`` (a host, or ``*``) run ``application``, whose RCML has no plain password."""
        self._table.put({"pk": f"domain#{domain.lower()}", "application": encode(application).decode()})

    def save_client(self, sid: str, name: str, password: str, realms: tuple[str, ...]) -> None:
        """Let client ``name`` register with ``password`` at the domains ``realms``, and nowhere else any more.

        The password itself is not kept, only what it makes with each realm.  Raises InvalidClientError.
        """
        check_client(name, password)
        hosts = {realm.lower() for realm in realms}
        secrets = {
            host: {algorithm: ha1(algorithm, name, host, password) for algorithm in ALGORITHMS}
            for host in hosts
        }
        self._table.put({"pk": f"client#{sid}#{name}", "ha1": encode(secrets).decode()})

    def _read(self, key: str) -> Item | None:
        return self._cache.get(key, lambda: self._table.get(pk=key))


def check_client(name: str, password: str) -> None:
    """Raises InvalidClientError when a client cannot have these."""
    if not _CLIENT_NAME.fullmatch(name) or not password:
        raise InvalidClientError("a client has a name of at most 121 letters, digits and _.+- and a password")


def _policy(account: str, text: str) -> Policy:
    try:
        return read_policy(text)
    except InvalidPolicyError as error:
        _log.error("the policy of %s cannot be used: %s", account, error)
        return NOWHERE
