"""SIP passwords under a KMS key: functions that receive one may only seal it; the task, which dials, may only open it.

A sealed password is ``sealed:`` + Base64 of the KMS ciphertext.  IAM gives ``kms:Encrypt`` to the functions that
read documents and forms, ``kms:Decrypt`` to the signaling task alone.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .cache import Cache

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

PREFIX = "sealed:"
CACHED = 1000
# A limit of KMS.
PASSWORD_BYTES = 4096


class PasswordTooLongError(ValueError):
    """No SIP password is that long; the text does not show it."""

    def __init__(self) -> None:
        super().__init__(f"more than {PASSWORD_BYTES} bytes in UTF-8")


class Sealer:
    """Seals under ``key_id``.  The same password is sent to KMS once per process, not once per call."""

    def __init__(self, kms: KMSClient, key_id: str) -> None:
        self._kms = kms
        self._key_id = key_id
        # A sealed password stays good as long as its key: no time limit, hence no clock.
        self._sealed: Cache[str] = Cache(CACHED, 1, lambda: 0.0)

    def seal(self, plain: str) -> str:
        """``plain`` as ``sealed:…``.  Raises PasswordTooLongError."""
        if len(plain.encode()) > PASSWORD_BYTES:
            raise PasswordTooLongError
        return self._sealed.get(plain, lambda: self._encrypt(plain))

    def _encrypt(self, plain: str) -> str:
        # KMS refuses an empty plaintext; an empty password is no secret.
        if not plain:
            return plain
        answer = self._kms.encrypt(KeyId=self._key_id, Plaintext=plain.encode())
        return PREFIX + base64.b64encode(answer["CiphertextBlob"]).decode()
