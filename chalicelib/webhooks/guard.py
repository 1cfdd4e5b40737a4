"""Which addresses a customer may send us to, by the URL of a document, callback or sound, by a SIP URI or by a Contact.

There is one list for all of them.  The *resolved* address decides, and the connection goes to just that address: a
name that resolves differently a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from ..catalogue import Code
from .errors import RequestError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 assigned to public hosts (RFC 4291 §2.4).  Loopback, local and multicast are outside it."""
REFUSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network, and the unspecified address (RFC 1122 §3.2.1.3)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # behind a carrier's NAT (RFC 6598)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local (RFC 3927), and the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737), as are 198.51.100.0/24 and 203.0.113.0/24
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the broadcast address
        "2001::/23",  # protocol assignments (RFC 2928): Teredo (RFC 4380), benchmarks, ORCHID
        "2001:db8::/32",  # documentation (RFC 3849)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""The special-purpose addresses of IANA's registries (RFC 6890), without those of public hosts."""

COMPATIBLE = ipaddress.IPv6Network("::/96")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressGuard:
    """Lets public addresses through, and those that ``allowed`` names.

    ``allowed``: networks (CIDR), addresses and host names, separated by commas.
    """

    def __init__(self, allowed: str) -> None:
        entries = [entry.strip().lower() for entry in allowed.split(",") if entry.strip()]
        self._networks = [network for network in map(_network, entries) if network is not None]
        self._hosts = {entry for entry in entries if _network(entry) is None}

    def resolve(self, host: str, port: int) -> str:
        """The address to connect to for the ``host`` of a URL.

        Raises RequestError: 11210 for a refused address, 11205 for a name that has none.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise RequestError(Code.HTTP_CONNECTION_FAILURE, "the host name does not resolve") from None
        for address in (str(entry[4][0]) for entry in found):
            if self.permits(address, host):
                return address
        raise RequestError(Code.HTTP_HOST_REFUSED, "the host's address is not a public one")

    def permits(self, address: str, *hosts: str) -> bool:
        """Whether anything may be sent to ``address``, which was found under the names ``hosts``.

        An address that carries an IPv4 address is judged as that one, whichever way it is written.
        Raises ValueError when ``address`` is none.
        """
        if any(host.lower() in self._hosts for host in hosts):
            return True
        written = ipaddress.ip_address(address.partition("%")[0])
        judged = embedded_ipv4(written) or written
        if any(written in network or judged in network for network in self._networks):
            return True
        return (judged.version == 4 or judged in PUBLIC_V6) and not any(
            judged in network for network in REFUSED
        )


def embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which a packet for the IPv6 ``address`` goes in the end.

    Mapped and compatible (RFC 4291 §2.5.5), 6to4 (RFC 3056), NAT64 (RFC 6052); None for any other address.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):  # not :: and ::1
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
