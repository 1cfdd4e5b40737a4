"""The SIP response codes that CallAPI sends, or judges when they come (RFC 3261 §21, and what extends it)."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Named as in IANA's registry.  A status is an integer: on the wire and as text it is its digits."""

    TRYING = 100
    RINGING = 180
    SESSION_PROGRESS = 183
    OK = 200
    ACCEPTED = 202  # of a REFER (RFC 3515 §2.4.2)
    MULTIPLE_CHOICES = 300
    MOVED_PERMANENTLY = 301
    MOVED_TEMPORARILY = 302
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    PROXY_AUTHENTICATION_REQUIRED = 407
    REQUEST_TIMEOUT = 408
    REQUEST_URI_TOO_LONG = 414
    UNSUPPORTED_MEDIA_TYPE = 415
    BAD_EXTENSION = 420
    INTERVAL_TOO_BRIEF = 423  # of a REGISTER (§10.3, step 7)
    TEMPORARILY_UNAVAILABLE = 480
    LOOP_DETECTED = 482
    TOO_MANY_HOPS = 483
    ADDRESS_INCOMPLETE = 484
    BUSY_HERE = 486
    REQUEST_TERMINATED = 487  # the answer to a CANCEL (§9.2)
    SERVER_INTERNAL_ERROR = 500
    NOT_IMPLEMENTED = 501
    SERVICE_UNAVAILABLE = 503
    BUSY_EVERYWHERE = 600
    DECLINE = 603


def is_final(code: int) -> bool:
    """Whether a response with ``code`` ends its transaction (RFC 3261 §7.2)."""
    return code >= Status.OK
