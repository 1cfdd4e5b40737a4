"""What a SIP URI asks for on its way, and the next hop that the engine is given for it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

Transport = Literal["udp", "tcp", "tls"]
DEFAULT_PORTS: dict[Transport, int] = {"udp": 5060, "tcp": 5060, "tls": 5061}
_URI = re.compile(
    r"^(?P<scheme>sips?):(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:;?>]*)(?::(?P<port>\d{1,5}))?(?P<rest>[^?]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Wanted:
    """``transport`` '' and ``port`` 0: the URI does not say.  ``host`` of an IPv6 address has its brackets.
    ``user``: as written.  ``maddr``: another place that the URI sends to (RFC 3261 §19.1.1).
    """

    user: str
    host: str
    port: int
    transport: Transport | Literal[""]
    secure_media: bool
    maddr: str = ""

    @property
    def default_port(self) -> int:
        """Where a server listens that no record of DNS names."""
        return DEFAULT_PORTS[self.transport or "udp"]


def wanted(uri: str) -> Wanted:
    """Read a URI that the parser of RCML let through, or one of a Contact.

    ``sips:`` is TLS.  ``;secure=true`` asks for SRTP, and for TLS too unless the URI names a transport: the keys
    of the media travel in the messages (RFC 4568 §8.3).
    """
    found = _URI.match(uri)
    if found is None:
        return Wanted("", "", 0, "", secure_media=False)
    parameters = dict(part.lower().partition("=")[::2] for part in found["rest"].split(";")[1:])
    secure = parameters.get("secure") == "true"
    transport = _transport(found["scheme"].lower(), parameters.get("transport", ""))
    if secure and "transport" not in parameters:
        transport = "tls"
    user = (found["user"] or "").partition(":")[0]
    port, maddr = int(found["port"] or 0), parameters.get("maddr", "")
    return Wanted(user, found["host"].lower(), port, transport, secure_media=secure, maddr=maddr)


def _transport(scheme: str, parameter: str) -> Transport | Literal[""]:
    """A transport that we have not is UDP, with the warning that the document got (CONTRACT §3)."""
    if scheme == "sips" or parameter == "tls":
        return "tls"
    if parameter == "tcp":
        return "tcp"
    return "udp" if parameter else ""


def loose(proxy: str) -> str:
    """The URI of a proxy as a Route has it: with ``lr`` (RFC 3261 §16.12)."""
    return proxy if ";lr" in proxy.lower() else f"{proxy};lr"


@dataclass(frozen=True)
class Target:
    """An address to send an INVITE to.  ``name``: the host that the URI names."""

    address: str
    port: int
    transport: Transport
    name: str

    def hop(self, uri: str) -> str:
        """The URI of the next hop; empty when ``uri`` leads there by itself.

        A ``maddr`` would lead the engine past the address that was judged.
        """
        want = wanted(uri)
        plain = (want.host.strip("[]"), want.port or want.default_port, want.transport or "udp")
        if (self.address, self.port, self.transport) == plain and self.transport != "tls" and not want.maddr:
            return ""
        suffix = "" if self.transport == "udp" else f";transport={self.transport}"
        scheme = "sips" if uri[:5].lower() == "sips:" else "sip"
        return f"{scheme}:{self._host()}:{self.port}{suffix}"

    def _host(self) -> str:
        """TLS needs the name too, for the certificate: see signaling/engine/native/nexthop.c."""
        if self.transport == "tls" and not self.name.startswith("["):
            return f"callapi-{ipaddress.ip_address(self.address).packed.hex()}.{self.name}"
        return f"[{self.address}]" if ":" in self.address else self.address
