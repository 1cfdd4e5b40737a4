"""Digest authentication (RFC 7616) as a telephone and a server do it, written apart from the product."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

from tests.signaling.peer import Message

WWW, PROXY = "401 Unauthorized", "407 Proxy Authentication Required"


def authorization(
    username: str,
    password: str,
    realm: str,
    nonce: str,
    algorithm: str = "MD5",
    count: int = 1,
    uri: str = "sip:h",
) -> str:
    """The Authorization value of a REGISTER."""

    def hashed(text: str) -> str:
        digest = hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[algorithm], text.encode())
        return digest.hexdigest()

    cnonce = secrets.token_hex(4)
    secret = hashed(f"{username}:{realm}:{password}")
    response = hashed(f"{secret}:{nonce}:{count:08x}:{cnonce}:auth:{hashed(f'REGISTER:{uri}')}")
    return (
        f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm={algorithm}, qop=auth, cnonce="{cnonce}", nc={count:08x}'
    )


def parameter(challenge: str, name: str) -> str:
    """Of a WWW-Authenticate value; empty when it is not there."""
    found = re.search(rf'\b{name}="?([^",]*)', challenge)
    return found[1] if found else ""


def challenge(realm: str, nonce: str, *extra: str, proxy: bool = False, algorithm: str = "MD5") -> str:
    name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
    return (
        f'{name}: Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{"".join(extra)}'
    )


def is_right(
    invite: Message, name: str = "authorization", hashed: Callable[[bytes], Any] = hashlib.md5
) -> bool:
    """Whether the response of the request is that of alice and wonderland (RFC 7616 §3.4)."""
    found = dict(re.findall(r'(\w+)="?([^",]+)"?', invite.header(name)))

    def digest(text: str) -> str:
        return str(hashed(text.encode()).hexdigest())

    secret = digest(f"alice:{found['realm']}:wonderland")
    asked = digest(f"INVITE:{found['uri']}")
    tail = f"{found['nonce']}:{found['nc']}:{found['cnonce']}:{found['qop']}"
    return bool(found["response"] == digest(f"{secret}:{tail}:{asked}"))
