"""Where a SIP URI leads (RFC 3263), looked up off the loop, and whether we may send there.

The guard judges every *resolved* address, and the call goes to just that address: a name that answers differently
the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import random
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.nameserver
import dns.resolver

from chalicelib.calls.routing.policy import HostRules
from chalicelib.catalogue import Code
from chalicelib.sip.uri import SipUri, Transport, read_uri
from chalicelib.webhooks.guard import AddressGuard

from .target import Target, TargetError

MOST_TARGETS = 8
LOOK_UP_SECONDS = 5.0
"""For all the questions of one URI."""
QUESTION_SECONDS = 2.0

SERVICES: dict[Transport, str] = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
NAPTR_SERVICES: dict[str, Transport] = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
"""RFC 3263 §4.1; SCTP and WebSocket are not ours."""


@dataclass(frozen=True)
class Server:
    """A host that serves a domain, still by name."""

    transport: Transport
    host: str
    port: int


class Resolver:
    """``name_servers``: ``address`` or ``address:port`` each; none: the system's.  For any thread."""

    def __init__(
        self, guard: AddressGuard, name_servers: tuple[str, ...] = (), *, ipv6: bool = False
    ) -> None:
        self._guard = guard
        self._families = ("A", "AAAA") if ipv6 else ("A",)
        self._addresses_by_dns = bool(name_servers)
        self._dns = _resolver(name_servers)
        self._random = random.Random()

    def targets(self, uri: str, rules: HostRules | None = None) -> tuple[Target, ...]:
        """The addresses to try for ``uri``, in this order; at least one.  ``rules`` are the account's.

        Blocks on DNS, LOOK_UP_SECONDS at most.  Raises TargetError.
        """
        want = read_uri(uri)
        question = _Question(self._dns, time.monotonic() + LOOK_UP_SECONDS)
        found: list[Target] = []
        refused = False
        for server in self._servers(want, question):
            for address in self._addresses(server.host, question):
                if self._permits(want.host, server, address, rules):
                    found.append(Target(address, server.port, server.transport, want.host))
                else:
                    refused = True
            if len(found) >= MOST_TARGETS:
                break
        if not found:
            raise TargetError(Code.SIP_HOST_REFUSED if refused else Code.SIP_UNREACHABLE)
        return tuple(dict.fromkeys(found))[:MOST_TARGETS]

    def _permits(self, host: str, server: Server, address: str, rules: HostRules | None) -> bool:
        if rules is not None and not rules.permit_target(host, address, server.port):
            return False
        return self._guard.permits(address, host, server.host)

    def _servers(self, want: SipUri, question: _Question) -> Iterator[Server]:
        """RFC 3263 §4.1 and §4.2.  A port or an address in the URI says it all: then nothing is asked."""
        plain = Server(want.transport, want.host, want.port or want.default_port)
        if want.port or is_address(want.host):
            yield plain
            return
        services = self._services(want, question)
        servers = [server for kind, name in services for server in self._service(kind, name, question)]
        yield from servers
        if not servers:
            yield plain

    def _services(self, want: SipUri, question: _Question) -> list[tuple[Transport, str]]:
        """The SRV names to ask for, the domain's favourite transport first."""
        if want.wanted_transport:
            return [(want.transport, f"{SERVICES[want.transport]}.{want.host}")]
        pointers = sorted(question.records(want.host, "NAPTR"), key=lambda r: (r.order, r.preference))
        named: list[tuple[Transport, str]] = [
            (NAPTR_SERVICES[service], pointer.replacement.to_text(omit_final_dot=True))
            for pointer in pointers
            if (service := pointer.service.decode("ascii", "replace").upper()) in NAPTR_SERVICES
            and pointer.flags.lower() == b"s"
        ]
        plain: list[Transport] = ["udp", "tcp"]
        return named or [(kind, f"{SERVICES[kind]}.{want.host}") for kind in plain]

    def _service(self, transport: Transport, name: str, question: _Question) -> Iterator[Server]:
        records = question.records(name, "SRV")
        for record in _in_order(records, self._random):
            yield Server(transport, record.target.to_text(omit_final_dot=True).lower(), record.port)

    def _addresses(self, host: str, question: _Question) -> list[str]:
        bare = host.strip("[]")
        if bare == ".":  # the SRV record says: not here (RFC 2782)
            return []
        if is_address(host):
            return [bare] if ":" not in bare or "AAAA" in self._families else []
        if self._addresses_by_dns:
            return [record.address for kind in self._families for record in question.records(host, kind)]
        return _system_addresses(host, socket.AF_UNSPEC if "AAAA" in self._families else socket.AF_INET)


class _Question:
    """The questions about one URI, and how long they may still take."""

    def __init__(self, resolver: dns.resolver.Resolver, deadline: float) -> None:
        self._resolver = resolver
        self._deadline = deadline

    def records(self, name: str, kind: str) -> list[Any]:
        """None for a name without them, and for servers that do not answer: other records may still be had."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            return []
        try:
            answer = self._resolver.resolve(name, kind, lifetime=min(left, QUESTION_SECONDS), search=False)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return []
        return list(answer)


def _resolver(name_servers: tuple[str, ...]) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    if name_servers:
        resolver.nameservers = [_name_server(text) for text in name_servers]
    else:
        try:
            resolver.read_resolv_conf("/etc/resolv.conf")
        except (dns.exception.DNSException, OSError):
            resolver.nameservers = []  # a machine without DNS still has its hosts file
    resolver.cache = dns.resolver.LRUCache()
    return resolver


def _name_server(text: str) -> dns.nameserver.Nameserver:
    address, colon, port = text.rpartition(":")
    if colon and port.isdigit() and ":" not in address.strip("[]").removesuffix(text):
        return dns.nameserver.Do53Nameserver(address.strip("[]"), int(port))
    return dns.nameserver.Do53Nameserver(text.strip("[]"))


def _system_addresses(host: str, family: int) -> list[str]:
    """The hosts file and the system's DNS."""
    try:
        found = socket.getaddrinfo(host, None, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return sorted(addresses, key=lambda address: ":" in address)  # IPv4 first, whatever the system prefers


def _in_order(records: Iterable[Any], chance: random.Random) -> Iterator[Any]:
    """By priority; within one, by chance in proportion to the weights (RFC 2782)."""
    left = sorted(records, key=lambda record: (record.priority, record.weight))
    while left:
        rivals = [record for record in left if record.priority == left[0].priority]
        weights = [record.weight for record in rivals]
        chosen = chance.choices(rivals, weights)[0] if any(weights) else chance.choice(rivals)
        left.remove(chosen)
        yield chosen


def is_address(host: str) -> bool:
    """Whether ``host`` is an address, in brackets or without."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
