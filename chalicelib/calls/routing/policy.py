"""What an account may dial, how much of it, and through which trunks.

Set by whoever runs the platform, and fixed for a session when it begins.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import msgspec

from ... import sip

SEPARATORS = str.maketrans("", "", "-.() ")
"""Visual separators of RFC 3966 §5.1.1, and the space that people write."""
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class InvalidPolicyError(ValueError):
    """An entry of a policy could never apply; the text names it."""


class Trunk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A carrier or gateway that takes telephone numbers.

    ``host``: ``name``, ``name:port``, or either with parameters (``sip.example.com;transport=tls``).
    ``credential_ref``: the name of a stored secret of the account, for its challenges.  ``prefixes``: of the numbers
    that it takes, without separators (``+49``, ``0``); none: every number.  Of the prefix ``strip`` characters are
    taken off, and ``prepend`` is put before the rest.  ``from_host``: the host of From, where it is to be the
    carrier's; ``user_phone`` says ``;user=phone`` (RFC 3261 §19.1.1).  ``proxy``: a SIP URI that the INVITE goes
    through.
    """

    host: str
    credential_ref: str = ""
    prefixes: tuple[str, ...] = ()
    strip: int = 0
    prepend: str = ""
    from_host: str = ""
    user_phone: bool = False
    proxy: str = ""

    def matched(self, number: str) -> int | None:
        """The length of the longest prefix of ``number`` that this trunk has; None when it has none."""
        if not self.prefixes:
            return 0
        return max((len(prefix) for prefix in self.prefixes if number.startswith(prefix)), default=None)

    def uri(self, number: str) -> str:
        """The Request-URI for ``number``."""
        user = (self.prepend + number[self.strip :]).replace("#", "%23")
        return f"sip:{user}@{self.host}" + (";user=phone" if self.user_phone else "")

    def fault(self) -> str:
        """The reason why the trunk cannot be used, in words; empty when it can be."""
        try:
            sip.parse_uri(self.uri("1" * (self.strip + 1)))
            sip.parse_uri(f"sip:{self.from_host or 'example.com'}")
        except sip.InvalidSipUri as error:
            return error.message
        if not self.host or "?" in self.host:
            return "no host, or a host with headers"
        if not 0 <= self.strip <= min(map(len, self.prefixes), default=0):
            return "strip takes off what is no prefix: rules for numbers would be judged by another one"
        wrong = [prefix for prefix in self.prefixes if not prefix or prefix != prefix.translate(SEPARATORS)]
        return f"no prefix: {wrong[0]!r}" if wrong else proxy_fault(self.proxy)


class HostRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the account's INVITEs may go.  A refusal always wins; where there is an allow-list, all else is refused.

    Hosts: a name, ``*.example.com`` (every name under it), an address or a network (CIDR).  A name is judged as
    written, addresses as resolved.  Ports: ``5060`` or ``5060-5069``.  Prefixes: of the user part, decoded and
    without the separators ``-.()``, such as ``+1900``.
    """

    allowed_hosts: tuple[str, ...] = ()
    refused_hosts: tuple[str, ...] = ()
    allowed_ports: tuple[str, ...] = ()
    refused_ports: tuple[str, ...] = ()
    allowed_prefixes: tuple[str, ...] = ()
    refused_prefixes: tuple[str, ...] = ()

    def permit_user(self, user: str) -> bool:
        """Whether ``user`` (of a URI as written, or a telephone number) may be called."""
        number = unquote(user).translate(SEPARATORS)
        if number.startswith(self.refused_prefixes):
            return False
        return not self.allowed_prefixes or number.startswith(self.allowed_prefixes)

    def permit_name(self, host: str, port: int | None) -> bool:
        """Before ``host`` is looked up: False when no address that it may have would be permitted.

        ``port``: None when the URI has none, so that DNS decides (RFC 3263 §4.2).
        """
        address = _address(host)
        if not self._permit_port(port) or _among(self.refused_hosts, host, address):
            return False
        if not self.allowed_hosts or _among(self.allowed_hosts, host, address):
            return True
        return address == "" and any(_network(entry) for entry in self.allowed_hosts)

    def permit_target(self, host: str, address: str, port: int) -> bool:
        """Whether an INVITE for ``host`` may be sent to ``address`` (resolved) and ``port``."""
        if not self._permit_port(port) or _among(self.refused_hosts, host, address):
            return False
        return not self.allowed_hosts or _among(self.allowed_hosts, host, address)

    def _permit_port(self, port: int | None) -> bool:
        if port is None:
            return True
        if any(port in _ports(entry) for entry in self.refused_ports):
            return False
        return not self.allowed_ports or any(port in _ports(entry) for entry in self.allowed_ports)


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Calls that the account may place: legs of its Dials and calls of the API.  0: no limit.

    ``calls_per_second`` counts whole seconds of the clock; ``concurrent_calls`` those that have not ended.
    """

    calls_per_second: int = 0
    concurrent_calls: int = 0


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole policy; None stands for no restriction.

    ``trunks`` take the ``<Number>`` of the account.  ``outbound_proxy``: a SIP URI that each of its ``<Sip>`` goes
    through (RFC 3261 §8.1.2); it is judged by the address guard, not by ``rules``.
    """

    rules: HostRules | None = None
    limits: Limits | None = None
    trunks: tuple[Trunk, ...] = ()
    outbound_proxy: str = ""


def read_policy(text: str) -> Policy:
    """The policy in JSON as a person wrote it.  Raises InvalidPolicyError, also for an unknown key."""
    try:
        policy = msgspec.json.decode(text, type=Policy)
        written = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InvalidPolicyError(str(error)) from None
    unknown = [section for section in written if section not in Policy.__struct_fields__]
    for section, kind in (("rules", HostRules), ("limits", Limits)):
        unknown += [word for word in written.get(section) or () if word not in kind.__struct_fields__]
    for trunk in written.get("trunks") or ():
        unknown += [word for word in trunk if word not in Trunk.__struct_fields__]
    if unknown:
        raise InvalidPolicyError(f"no word of a policy: {', '.join(unknown)}")
    check_policy(policy)
    return policy


def check_policy(policy: Policy) -> None:
    """Raises InvalidPolicyError for an entry that could never match, and for a limit below 0."""
    rules, limits = policy.rules or HostRules(), policy.limits or Limits()
    for host in rules.allowed_hosts + rules.refused_hosts:
        if not _may_match(host):
            raise InvalidPolicyError(f"no host, address or network: {host!r}")
    for ports in rules.allowed_ports + rules.refused_ports:
        if not _ports(ports):
            raise InvalidPolicyError(f"no port and no range of ports: {ports!r}")
    for prefix in rules.allowed_prefixes + rules.refused_prefixes:
        if not prefix or prefix != prefix.translate(SEPARATORS):
            raise InvalidPolicyError(f"no prefix: {prefix!r}")
    _check_limits(limits)
    _check_ways(policy)


def _may_match(host: str) -> bool:
    """A name, perhaps with ``*.`` before it, an address or a network."""
    name = host.removeprefix("*.")
    return bool(name) and "*" not in name and (":" not in host or _network(host) is not None)


def _check_limits(limits: Limits) -> None:
    if min(limits.calls_per_second, limits.concurrent_calls) < 0:
        raise InvalidPolicyError("a limit is below 0")


def _check_ways(policy: Policy) -> None:
    for trunk in policy.trunks:
        if fault := trunk.fault():
            raise InvalidPolicyError(f"trunk {trunk.host!r}: {fault}")
    if fault := proxy_fault(policy.outbound_proxy):
        raise InvalidPolicyError(f"outbound_proxy: {fault}")


def _among(entries: tuple[str, ...], host: str, address: str) -> bool:
    return any(_matches(entry, host.lower().removesuffix("."), address) for entry in entries)


def _matches(entry: str, host: str, address: str) -> bool:
    network = _network(entry)
    if network is not None:
        return address != "" and _plain(address) in network
    name = entry.lower()
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """``::ffff:192.0.2.1`` leads to 192.0.2.1 (RFC 4291 §2.5.5.2)."""
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _address(host: str) -> str:
    """``host`` of a URI when it is an address, without the brackets of IPv6; else empty."""
    bare = host.strip("[]")
    return bare if _network(bare) else ""


@lru_cache(1024)
def _network(entry: str) -> _Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


def _ports(entry: str) -> range:
    low, dash, high = entry.partition("-")
    last = high if dash else low
    if not (low.isascii() and low.isdigit() and last.isascii() and last.isdigit()):
        return range(0)
    return range(max(1, int(low)), min(65535, int(last)) + 1)


def proxy_fault(proxy: str) -> str:
    """Why no INVITE can go through the URI ``proxy``; empty when it can, or when there is no proxy."""
    if not proxy:
        return ""
    try:
        uri = sip.parse_uri(proxy)
    except sip.InvalidSipUri as error:
        return error.message
    return "a proxy has neither user nor headers" if uri.user or uri.headers else ""


def chosen(trunks: tuple[Trunk, ...], number: str) -> Trunk | None:
    """The trunk with the longest prefix of ``number``; among equal ones the first."""
    matches = [(length, trunk) for trunk in trunks if (length := trunk.matched(number)) is not None]
    if not matches:
        return None
    longest = max(length for length, _ in matches)
    return next(trunk for length, trunk in matches if length == longest)
