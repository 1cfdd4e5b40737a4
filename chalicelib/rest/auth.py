"""HTTP Basic authentication with AccountSid and AuthToken (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac

from ..storage.accounts import Accounts
from .errors import UnauthorizedError


def authenticate(accounts: Accounts, authorization: str, account_sid: str) -> str:
    """The AuthToken of ``account_sid``, if the Authorization header shows it; else UnauthorizedError.

    An unknown account takes as long as a wrong token.
    """
    user, token = _credentials(authorization)
    known = accounts.token(account_sid)
    matches = hmac.compare_digest(token.encode(), (known or "").encode())
    if not known or not matches or user != account_sid:
        raise UnauthorizedError
    return known


def authenticate_any(accounts: Accounts, authorization: str) -> None:
    """The same for a path that names no account: the header must show an account and its AuthToken."""
    authenticate(accounts, authorization, _credentials(authorization)[0])


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise UnauthorizedError
    try:
        user, colon, token = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise UnauthorizedError from None
    if not colon:
        raise UnauthorizedError
    return user, token
