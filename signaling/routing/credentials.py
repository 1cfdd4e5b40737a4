"""The named secrets of an account: SIP user name and password, kept in Parameter Store under
``<prefix>/<AccountSid>/<name>`` as a SecureString of JSON with both.  A document names them by ``credentialRef``.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.catalogue import Code

from .target import TargetError

KEPT_SECONDS = 60.0
KEPT = 1000
_REFERENCE = re.compile(r"AC[0-9a-f]{32}/[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Credential:
    """What answers a challenge."""

    username: str
    password: str = field(repr=False)


Credentials = Callable[[str], Credential]
"""The credential of ``AccountSid/name``; blocks.  Raises TargetError 13249 when there is none."""


def no_credentials(reference: str) -> Credential:
    """Where nothing is stored."""
    raise TargetError(Code.SIP_INVALID_CREDENTIALS)


def stored_credentials(client: Any, prefix: str) -> Credentials:
    """Those under ``prefix``, by an SSM client.  What was found, or not, is believed for a minute.

    Raises what boto3 raises when Parameter Store fails.
    """
    kept: dict[str, tuple[float, Credential | None]] = {}
    lock = threading.Lock()

    def found(reference: str) -> Credential:
        if not _REFERENCE.fullmatch(reference):
            raise TargetError(Code.SIP_INVALID_CREDENTIALS)
        with lock:
            since, credential = kept.get(reference, (-KEPT_SECONDS, None))
        if time.monotonic() - since >= KEPT_SECONDS:
            credential = _read(client, f"{prefix}/{reference}")
            with lock:
                if len(kept) >= KEPT:
                    kept.clear()
                kept[reference] = time.monotonic(), credential
        if credential is None:
            raise TargetError(Code.SIP_INVALID_CREDENTIALS)
        return credential

    return found


def _read(client: Any, name: str) -> Credential | None:
    try:
        answer = client.get_parameter(Name=name, WithDecryption=True)
        return msgspec.json.decode(answer["Parameter"]["Value"], type=Credential)
    except (client.exceptions.ParameterNotFound, msgspec.MsgspecError):
        return None
