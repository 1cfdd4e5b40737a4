"""The rules of SIP that need no network: URIs, headers, response codes (RFC 3261, 3326).

Pure: no I/O, no clock, nothing of the rest of CallAPI.
"""

from .errors import InvalidAddressError, InvalidSipUri, SipError, SipWarning
from .headers import invite_headers
from .name_addr import Address, address_of
from .responses import best_response, outcome
from .uri import SipUri, is_sip, parse_uri, read_uri

__all__ = [
    "Address",
    "InvalidAddressError",
    "InvalidSipUri",
    "SipError",
    "SipUri",
    "SipWarning",
    "address_of",
    "best_response",
    "invite_headers",
    "is_sip",
    "outcome",
    "parse_uri",
    "read_uri",
]
