"""Digest authentication as a SIP server uses it: what a client proves by it, without telling the password.

RFC 7616, with the algorithms of RFC 8760 that telephones have: MD5, which every one of them speaks, and SHA-256.  Only
``qop=auth`` is taken: without it there is no count of uses, so a request could be sent again by whoever saw it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from ..catalogue import Code
from .errors import InvalidAddressError

Algorithm = Literal["MD5", "SHA-256"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

MAX_HEADER = 2048
# auth-param = token BWS "=" BWS ( token / quoted-string ) (RFC 9110 §11.2).  Linear: each part excludes what follows.
_PARAMETER = re.compile(
    r'\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)', re.ASCII
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An Authorization header for Digest.  ``count`` is nc: how often the nonce was used, this time included."""

    username: str
    realm: str
    nonce: str
    uri: str
    algorithm: Algorithm
    count: int
    cnonce: str = field(repr=False)
    response: str = field(repr=False)


def read_credentials(value: str) -> Credentials | None:
    """The credentials in an Authorization ``value``; None when its scheme is not Digest.

    Raises InvalidAddressError when they cannot be read, or are of a kind that we did not offer.  Its message repeats
    nothing of them.
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    given = _parameters(rest)
    algorithm = next((one for one in ALGORITHMS if one == given.get("algorithm", "MD5").upper()), None)
    wanted = ("username", "realm", "nonce", "uri", "cnonce", "response", "nc", "qop")
    if algorithm is None or not all(given.get(name) for name in wanted) or given["qop"].lower() != "auth":
        raise InvalidAddressError(
            Code.SIP_PARSE_FAILURE, "the Authorization header lacks something or was not offered"
        )
    if not re.fullmatch(r"[0-9a-fA-F]{8}", given["nc"]):
        raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the nc of the Authorization header is no count")
    return Credentials(
        username=given["username"],
        realm=given["realm"],
        nonce=given["nonce"],
        uri=given["uri"],
        algorithm=algorithm,
        count=int(given["nc"], 16),
        cnonce=given["cnonce"],
        response=given["response"],
    )


def _parameters(text: str) -> dict[str, str]:
    """Each name once (RFC 9110 §11.2), in lower case."""
    given: dict[str, str] = {}
    place = 0
    text = text.strip()
    while place < len(text):
        found = _PARAMETER.match(text, place) if len(text) <= MAX_HEADER else None
        if found is None or found[1].lower() in given:
            raise InvalidAddressError(Code.SIP_PARSE_FAILURE, "the Authorization header cannot be read")
        quoted, bare = found[2], found[3]
        given[found[1].lower()] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        place = found.end()
    return given


def ha1(algorithm: Algorithm, username: str, realm: str, password: str) -> str:
    """H(username:realm:password), RFC 7616 §3.4.2: all that a server needs to know, and only good for ``realm``."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def proves(credentials: Credentials, secret: str, method: str) -> bool:
    """Whether ``credentials`` prove knowledge of ``secret`` (the HA1), for a request of ``method`` (§3.4.1).

    Takes as long when they are wrong as when they are right.
    """
    ha2 = _hash(credentials.algorithm, f"{method}:{credentials.uri}")
    middle = f"{credentials.nonce}:{credentials.count:08x}:{credentials.cnonce}:auth"
    expected = _hash(credentials.algorithm, f"{secret}:{middle}:{ha2}")
    return hmac.compare_digest(expected.encode(), credentials.response.lower().encode())


def _hash(algorithm: Algorithm, text: str) -> str:
    # MD5 is what RFC 3261 telephones speak; the nonce is ours, so its collisions help nobody here.
    data = text.encode()
    if algorithm == "MD5":
        return hashlib.md5(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest()
