"""The fetch function: a Fetch command in, a Fetched event out.  It keeps no state."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from functools import cache
from typing import Any

import msgspec
from chalice import Chalice

from chalicelib import rcml
from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.catalogue import Code
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.secrets import PasswordTooLongError, Sealer
from chalicelib.storage.table import Table
from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.fetch import Fetcher
from chalicelib.webhooks.guard import AddressGuard

app = Chalice(app_name="fetch")


@app.lambda_function(name="fetch")
def fetch(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Invoked by whoever drives the session.  The application's failure is an answer, not an error."""
    command = msgspec.convert(event, Fetch)
    fetched = _fetcher().fetch(command)
    _tell(command, fetched)
    answer: dict[str, Any] = msgspec.to_builtins(fetched)
    return answer


@cache
def _fetcher() -> Fetcher:
    accounts = Accounts(Table(aws.dynamodb(), os.environ["ACCOUNTS_TABLE"]))
    return Fetcher(
        AddressGuard(os.environ.get("ALLOWED_ADDRESSES", "")),
        accounts.token,
        _sealed,
        time.time,
        lambda: secrets.token_hex(16),
    )


def _sealed(text: str) -> str:
    """Most documents hold no password: for them no KMS client is made."""
    try:
        return rcml.seal_passwords(text, lambda plain: _sealer().seal(plain))
    except PasswordTooLongError as error:
        raise RequestError(Code.SIP_INVALID_CREDENTIALS, str(error)) from None
    except rcml.TooLargeError as error:
        raise RequestError(Code.HTTP_BODY_TOO_LARGE, error.problem.message) from None


@cache
def _sealer() -> Sealer:
    return Sealer(aws.kms(), os.environ["SEAL_KEY_ID"])


def _tell(command: Fetch, fetched: Fetched) -> None:
    """One line per request, without URL or body: both may carry what no log may show."""
    line = {"call": command.call, "id": command.id, "status": fetched.status, "error": fetched.error}
    print(json.dumps(line), file=sys.stderr, flush=True)
