"""What the host of a SIP URI can be (RFC 3261 §25.1)."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address

from ..catalogue import Code
from .characters import ALPHA, ALPHANUM, HOSTNAME, IPV6
from .errors import InvalidSipUri


def check_host(host: str) -> None:
    """host = hostname / IPv4address / IPv6reference.  Raises InvalidSipUri."""
    if host.startswith("["):
        _check_ipv6(host[1:-1] if host.endswith("]") else "")
    else:
        _check_hostname(host)


def _check_ipv6(text: str) -> None:
    """IPv6reference = "[" IPv6address "]"; no zone (RFC 6874 is not for SIP)."""
    try:
        if not IPV6.issuperset(text):
            raise AddressValueError
        IPv6Address(text)
    except AddressValueError:
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the host in brackets is no IPv6 address") from None


def _check_hostname(host: str) -> None:
    """host = hostname / IPv4address.  hostname = *( domainlabel "." ) toplabel [ "." ]; labels up to 63 (RFC
    1035 §2.3.4).  The last label begins with a letter, so that all digits and dots must be an IPv4
    address."""
    if not host or not HOSTNAME.issuperset(host):
        raise InvalidSipUri(
            Code.SIP_INVALID_URI, "the host is missing or has a character that no host name has"
        )
    labels = host.removesuffix(".").split(".")
    if not all(0 < len(label) <= 63 and label[0] in ALPHANUM and label[-1] in ALPHANUM for label in labels):
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the host is no host name")
    if labels[-1][0] in ALPHA:
        return
    try:
        IPv4Address(host)
    except AddressValueError:
        raise InvalidSipUri(
            Code.SIP_INVALID_URI, "the host is neither a host name nor an IPv4 address"
        ) from None
