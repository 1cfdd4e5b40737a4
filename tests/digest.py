"""What a telephone does to prove its password (RFC 7616), written apart from what judges it."""

from __future__ import annotations

import hashlib
import re
import secrets


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
