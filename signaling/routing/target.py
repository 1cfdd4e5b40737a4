"""An address to send an INVITE to, and the next hop that the engine is given for it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from chalicelib.sip.uri import SipUri, Transport, read_uri


def loose(proxy: str) -> str:
    """The URI of a proxy as a Route has it: with ``lr`` (RFC 3261 §16.12)."""
    return f"{proxy};lr" if read_uri(proxy).parameter("lr") is None else proxy


class TargetError(Exception):
    """``code``: 13254 the address is refused, 32011 the name has none."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}")
        self.code = code


@dataclass(frozen=True)
class Target:
    """An address to send an INVITE to.  ``name``: the host that the URI names."""

    address: str
    port: int
    transport: Transport
    name: str

    def hop(self, uri: SipUri) -> str:
        """The URI of the next hop; empty when ``uri`` leads there by itself.

        A ``maddr`` would lead the engine past the address that was judged.
        """
        plain = (uri.host.strip("[]"), uri.port or uri.default_port, uri.transport)
        if (self.address, self.port, self.transport) == plain and self.transport != "tls" and not uri.maddr:
            return ""
        suffix = "" if self.transport == "udp" else f";transport={self.transport}"
        scheme = "sips" if uri.scheme == "sips" else "sip"
        return f"{scheme}:{self._host()}:{self.port}{suffix}"

    def _host(self) -> str:
        """TLS needs the name too, for the certificate: see signaling/engine/native/nexthop.c."""
        if self.transport == "tls" and not self.name.startswith("["):
            return f"callapi-{ipaddress.ip_address(self.address).packed.hex()}.{self.name}"
        return f"[{self.address}]" if ":" in self.address else self.address
