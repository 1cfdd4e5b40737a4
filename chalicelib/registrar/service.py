"""Authenticates a REGISTER for a client and carries it out (RFC 3261 §10.3, steps 3 to 8)."""

from __future__ import annotations

from ..calls.registration import METHOD, RefusedError, Registered, Registration, accepted, rule_of, subject
from ..sip import InvalidAddressError
from ..sip.digest import ha1, proves, read_credentials
from ..sip.status import Status
from ..storage.accounts import Accounts
from .contacts import Contacts


class Registrar:
    """Answers the REGISTERs that a task has challenged."""

    def __init__(self, accounts: Accounts, contacts: Contacts) -> None:
        self._accounts = accounts
        self._contacts = contacts

    def handle(self, registration: Registration) -> Registered:
        """Carry out the REGISTER; a refusal is an answer too.  Raises what DynamoDB raises, and ContendedError."""
        try:
            name, domain = subject(registration)
            account_sid = self._accounts.account_of(domain)
            if account_sid is None:
                raise RefusedError(Status.NOT_FOUND)
            self._authenticate(registration, account_sid, name, domain)
            rule = rule_of(registration)
            return accepted(self._contacts.change(account_sid, name, rule), registration.at)
        except RefusedError as refused:
            return Registered(refused.code, refused.headers)

    def _authenticate(self, registration: Registration, account_sid: str, name: str, domain: str) -> None:
        """Only the client itself may say where it is (step 4).

        An unknown client gets the same answer as a wrong password.
        """
        try:
            credentials = read_credentials(registration.authorization)
        except InvalidAddressError:
            raise RefusedError(Status.BAD_REQUEST) from None
        if credentials is None:
            raise RefusedError(Status.BAD_REQUEST)
        algorithm = credentials.algorithm
        secret = self._accounts.client_secret(account_sid, name, domain, algorithm)
        # Judged by the secret of the address of record, so whose name stands in the credentials does not matter.
        proven = proves(credentials, secret or ha1(algorithm, name, domain, ""), METHOD)
        if secret is None or not proven:
            raise RefusedError(Status.FORBIDDEN)
