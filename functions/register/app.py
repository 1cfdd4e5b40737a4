"""The register function: a REGISTER that a task has challenged in, the response to it out."""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from typing import Any

import msgspec
from chalice import Chalice

from chalicelib.calls.registration import Registered, Registration
from chalicelib.registrar.contacts import Contacts
from chalicelib.registrar.service import Registrar
from chalicelib.storage import aws
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.table import Table

app = Chalice(app_name="register")


@app.lambda_function(name="register")
def register(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Invoked synchronously by a task; an error means: not now (503)."""
    registration = msgspec.convert(event, Registration)
    registered = _registrar().handle(registration)
    _tell(registration, registered)
    answer: dict[str, Any] = msgspec.to_builtins(registered)
    return answer


@cache
def _registrar() -> Registrar:
    return Registrar(
        Accounts(Table(aws.dynamodb(), os.environ["ACCOUNTS_TABLE"])),
        Contacts(Table(aws.dynamodb(), os.environ["CALLS_TABLE"])),
    )


def _tell(registration: Registration, registered: Registered) -> None:
    """One line per REGISTER, without credentials and without what a stranger may have written at length."""
    line = {"received": registration.received, "task": registration.task, "code": registered.code}
    print(json.dumps(line), file=sys.stderr, flush=True)
