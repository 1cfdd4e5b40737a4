"""The fetch function: turns a Fetch command into a Fetched event, and keeps no state."""

from __future__ import annotations

import os
import secrets
import time
from functools import cache

from chalice import Chalice

from chalicelib import rcml
from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.catalogue import Code
from chalicelib.environment import read_environment
from chalicelib.handlers.invocation import Function
from chalicelib.handlers.settings import FetchSettings
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.secrets import PasswordTooLongError, Sealer
from chalicelib.storage.table import Table
from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.fetch import Fetcher
from chalicelib.webhooks.guard import AddressGuard

app = Chalice(app_name="fetch", configure_logs=False)
_settings = read_environment(FetchSettings, os.environ)
_function = Function(_settings)


@app.lambda_function(name="fetch")
@_function.invoked(Fetch, "FetchFailures")
def fetch(command: Fetch) -> Fetched:
    """Invoked by the driver of the session.  A failure of the application is an answer, not an error."""
    began = time.monotonic()
    fetched = _fetcher().fetch(command)
    _tell(command, fetched, time.monotonic() - began)
    return fetched


@cache
def _fetcher() -> Fetcher:
    accounts = Accounts(Table(aws.dynamodb(), _settings.accounts_table))
    return Fetcher(
        AddressGuard(_settings.allowed_addresses),
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
    return Sealer(aws.kms(), _settings.seal_key_id)


def _tell(command: Fetch, fetched: Fetched, seconds: float) -> None:
    """One line per request, without URL or body: both may carry what no log may show."""
    _function.log.info("fetch", call=command.call, id=command.id, status=fetched.status, error=fetched.error)
    _function.metrics.add("FetchLatency", seconds * 1000)
    if fetched.error:
        _function.metrics.add("FetchFailures", 1)
