"""Which addresses a customer's URL may lead to.  The *resolved* address decides, and the connection goes to just that
address: a name that resolves differently a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from .errors import CONNECTION, FORBIDDEN_ADDRESS, RequestError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Only this part of IPv6 is assigned to public hosts (RFC 4291 §2.4): site-local, NAT64 and the rest are outside it.
PUBLIC_V6 = ipaddress.ip_network("2000::/3")
# Public by their bits, but they lead elsewhere: 6to4 (RFC 3056), its relays, Teredo (RFC 4380), assignments (RFC 6890).
TUNNELS = tuple(
    ipaddress.ip_network(net) for net in ("2002::/16", "2001::/32", "192.88.99.0/24", "192.0.0.0/24")
)


class AddressGuard:
    """``allowed``: comma-separated networks, addresses or host names that are let through although not public."""

    def __init__(self, allowed: str) -> None:
        entries = [entry.strip().lower() for entry in allowed.split(",") if entry.strip()]
        self._networks = [network for network in map(_network, entries) if network is not None]
        self._hosts = {entry for entry in entries if _network(entry) is None}

    def resolve(self, host: str, port: int) -> str:
        """The address to connect to for ``host``; raises RequestError 11210 (refused) or 11205 (no such host)."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise RequestError(CONNECTION, "the host name does not resolve") from None
        for entry in found:
            address = ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
            if host.lower() in self._hosts or self.permits(address):
                return str(entry[4][0])
        raise RequestError(FORBIDDEN_ADDRESS, "the host's address is not a public one")

    def permits(self, address: Address) -> bool:
        """Whether a request may go to ``address``."""
        inner = getattr(address, "ipv4_mapped", None) or address
        if any(inner in network for network in self._networks):
            return True
        tunnelled = any(inner in network for network in TUNNELS)
        assigned = inner.version == 4 or inner in PUBLIC_V6
        return bool(inner.is_global) and assigned and not inner.is_multicast and not tunnelled


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
