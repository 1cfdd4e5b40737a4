"""Opens the SIP passwords that the functions sealed (docs/decisions/0004): the task alone may."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.catalogue import Code

from .hops import Unseal
from .target import TargetError

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

PREFIX = "sealed:"
KEPT = 1000


def unsealer(client: KMSClient, key_id: str) -> Unseal:
    """Asks KMS once per password and process.  What is not sealed is given back.

    Raises TargetError 13249 for what was not sealed under the key, and what boto3 raises when KMS fails.
    """

    not_ours = (client.exceptions.InvalidCiphertextException, client.exceptions.IncorrectKeyException)

    @lru_cache(KEPT)
    def opened(sealed: str) -> str:
        try:
            blob = base64.b64decode(sealed, validate=True)
            return client.decrypt(CiphertextBlob=blob, KeyId=key_id)["Plaintext"].decode()
        except (binascii.Error, *not_ours):
            raise TargetError(Code.SIP_INVALID_CREDENTIALS) from None

    return lambda password: opened(password.removeprefix(PREFIX)) if password.startswith(PREFIX) else password
