"""Where a SIP URI leads, looked up off the loop, and whether we may send there.

The guard judges the *resolved* address, and the call goes to that address: a name that answers differently the
second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from .messages import host_of, port_of

REFUSED = 13254
UNREACHABLE = 32011


class TargetError(Exception):
    """``code``: 13254 the address is refused, 32011 the name has none."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}")
        self.code = code


class Guard:
    """Lets public addresses through, and what ``allowed`` names: networks (CIDR), addresses, host names."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._networks = []
        self._names = set()
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._names.add(entry.lower())

    def permits(self, host: str, address: str) -> bool:
        """``host`` as written, ``address`` as resolved."""
        ip = ipaddress.ip_address(address)
        if host.lower() in self._names or any(ip in network for network in self._networks):
            return True
        return ip.is_global and not ip.is_multicast


def next_hop(uri: str, guard: Guard) -> str:
    """Where to send a request for ``uri``; empty: to the address that is written in it.

    Blocks on DNS.  Raises TargetError.
    """
    host, port = host_of(uri), port_of(uri)
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise TargetError(UNREACHABLE) from None
    address = str(found[0][4][0])
    if not guard.permits(host, address):
        raise TargetError(REFUSED)
    if address == host:
        return ""
    transport = ";transport=tcp" if ";transport=tcp" in uri.lower() else ""
    return f"sip:{address}:{port}{transport}"
