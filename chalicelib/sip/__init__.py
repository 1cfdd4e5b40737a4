"""The rules of SIP that need no network: URIs, headers, response codes (RFC 3261, 3326).

Pure: no I/O, no clock, nothing of the rest of CallAPI.
"""

from .addresses import Address, Reason, address_of, reason_of
from .errors import InvalidAddress, InvalidSipUri, SipError, Warning
from .headers import invite_headers
from .responses import best_response, outcome
from .uri import SipUri, parse_uri

__all__ = [
    "Address",
    "InvalidAddress",
    "InvalidSipUri",
    "Reason",
    "SipError",
    "SipUri",
    "Warning",
    "address_of",
    "best_response",
    "invite_headers",
    "outcome",
    "parse_uri",
    "reason_of",
]
