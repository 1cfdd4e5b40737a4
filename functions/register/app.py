"""The register function: answers a REGISTER that a task has challenged."""

from __future__ import annotations

import os
from functools import cache

from chalice import Chalice

from chalicelib.calls.registration import Registered, Registration
from chalicelib.environment import read_environment
from chalicelib.handlers.invocation import Function
from chalicelib.handlers.settings import Settings
from chalicelib.registrar.contacts import Contacts
from chalicelib.registrar.service import Registrar
from chalicelib.storage.stores import Stores

app = Chalice(app_name="register", configure_logs=False)
_settings = read_environment(Settings, os.environ)
_function = Function(_settings)


@app.lambda_function(name="register")
@_function.invoked(Registration)
def register(registration: Registration) -> Registered:
    """Invoked synchronously by a task; an error becomes a 503."""
    registered = _registrar().handle(registration)
    _tell(registration, registered)
    return registered


@cache
def _registrar() -> Registrar:
    stores = Stores(_settings.calls_table, _settings.accounts_table)
    return Registrar(stores.accounts, Contacts(stores.calls))


def _tell(registration: Registration, registered: Registered) -> None:
    """One line per REGISTER, without credentials and without what a stranger may have written at length."""
    _function.log.info(
        "register", received=registration.received, task=registration.task, code=registered.code
    )
