"""How a customer can tell that a request is ours: two signatures with the account's AuthToken as key.

``X-CallAPI-Signature`` is what Twilio's validators compute: Base64 of HMAC-SHA1 over the URL and, for a form, each
parameter's name and value in the order of their names.  The Standard Webhooks headers sign id, time and body, so that
a receiver can also refuse what is old; a library for them takes ``whsec_`` + Base64 of the AuthToken as its secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def url_signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """The value of ``X-CallAPI-Signature``; ``form`` is empty for GET.  ``url`` is as requested, no fragment."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def standard_headers(token: str, identifier: str, at: int, body: bytes) -> dict[str, str]:
    """The Standard Webhooks headers; ``at`` is the time of this try in seconds since the epoch."""
    signed = f"{identifier}.{at}.".encode() + body
    digest = base64.b64encode(hmac.digest(token.encode(), signed, hashlib.sha256)).decode()
    return {"webhook-id": identifier, "webhook-timestamp": str(at), "webhook-signature": f"v1,{digest}"}
