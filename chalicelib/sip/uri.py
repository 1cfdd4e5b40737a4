"""SIP URIs, by the grammar of RFC 3261 §25.1.

Why not `urllib.parse`?  To it a ``sip:`` URI is a scheme and an opaque path: it knows no user part without
``//``, no ``;parameter``, and it drops tabs and line ends silently, which is how a header injection passes a
check.  Why not one regular expression?  Because the errors could not say what is wrong, and because a
backtracking one is a denial of service that a customer's web page carries out on us.  So: split at the
delimiters that the grammar puts first, check each piece against its own character set (`characters`, section
beside each), in time linear in the text.

    SIP-URI = "sip:" [ userinfo ] hostport uri-parameters [ headers ]
    sip:alice@example.com:5060;transport=tcp?X-Order=42&User-to-User=…
        └user┘└──host───┘ port └──parameters──┘└──────── headers ────┘

Only the header part is not held to its character set here: `headers` judges each header alone and leaves out
the bad ones (CONTRACT §3), so one of them does not cost the call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from ..catalogue import Code
from .characters import ALPHA, ALPHANUM, DIGIT, HOSTNAME, IPV6, PARAMETER, PASSWORD, USER, escaped_only
from .errors import InvalidSipUri, SipWarning

MAX_URI = 254
"""Characters, without the header part (CONTRACT §3)."""
MAX_HEADERS = 1023
"""Characters of the header part, as written."""


@dataclass(frozen=True, slots=True)
class SipUri:
    """A URI as written: nothing is unescaped, so that what is sent is what the customer wrote.

    ``scheme`` and ``host`` are in lower case; ``host`` of an IPv6 reference keeps its brackets.  ``user`` is
    '' when there is none: such a URI names a host, which is valid SIP (RFC 3261 §19.1.1), and is dialled.  A
    password in the userinfo is kept apart, because it must reach no log: it is in no string of this object.
    ``headers`` are raw.
    """

    scheme: str
    user: str
    host: str
    port: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    password: str | None = field(default=None, repr=False)

    @property
    def without_headers(self) -> str:
        """What is dialled: the URI without its header part and without a password."""
        user = f"{self.user}@" if self.user else ""
        port = "" if self.port is None else f":{self.port}"
        parameters = "".join(
            f";{name}" if value is None else f";{name}={value}" for name, value in self.parameters
        )
        return f"{self.scheme}:{user}{self.host}{port}{parameters}"

    @property
    def transport(self) -> str:
        """``udp``, ``tcp`` or ``tls``; ``sips:`` is always ``tls``; anything unknown is ``udp`` (CONTRACT
        §3)."""
        if self.scheme == "sips":
            return "tls"
        wanted = self._wanted_transport
        return wanted if wanted in ("tcp", "tls") else "udp"

    @property
    def warnings(self) -> tuple[SipWarning, ...]:
        """What of the URI is not done as written."""
        wanted = self._wanted_transport
        if wanted in ("", "udp", "tcp", "tls"):
            return ()
        return (
            SipWarning(
                Code.SIP_URI_WARNING, f"transport {wanted[:40]} is not supported: {self.transport} is used"
            ),
        )

    @property
    def _wanted_transport(self) -> str:
        return next(
            (value or "none" for name, value in self.parameters if name.lower() == "transport"), ""
        ).lower()

    def __str__(self) -> str:
        headers = "&".join(f"{name}={value}" if value else name for name, value in self.headers)
        return f"{self.without_headers}?{headers}" if headers else self.without_headers


def parse_uri(text: str) -> SipUri:
    """Read a ``sip:`` or ``sips:`` URI; white space around it is dropped.

    Raises `InvalidSipUri`: 13243 for the URI, 13253 when the header part is too long.  Its message never
    repeats the URI, which may have a password in it.
    """
    scheme, user, password, rest = _split_user(text.strip())
    address, _, header_part = rest.partition("?")
    length = len(text.strip()) - len(rest) + len(address)
    if length > MAX_URI:
        raise InvalidSipUri(Code.SIP_INVALID_URI, f"the URI is longer than {MAX_URI} characters")
    if len(header_part) > MAX_HEADERS:
        raise InvalidSipUri(
            Code.SIP_HEADERS_TOO_LONG, f"the headers of the URI are longer than {MAX_HEADERS} characters"
        )
    hostport, *parameters = address.split(";")
    host, port = _host_and_port(hostport)
    return SipUri(
        scheme=scheme,
        user=user,
        host=host,
        port=port,
        parameters=_parameters(parameters),
        headers=_raw_headers(header_part),
        password=password,
    )


def _split_user(text: str) -> tuple[str, str, str | None, str]:
    """Scheme, user, password, and what follows them.

    userinfo = ( user / telephone-subscriber ) [ ":" password ] "@".  A user may contain ``?`` and ``;``, so
    the ``@`` is looked for first.  But a header value may contain a raw ``@`` by mistake: only an ``@`` whose
    left side is a userinfo counts, and neither ``@`` nor a second ``:`` can be in one, so it is the first or
    none.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in ("sip", "sips"):
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the URI does not begin with sip: or sips:")
    userinfo, at, after = rest.partition("@")
    if not at or _is_address(userinfo):
        return scheme.lower(), "", None, rest
    user, colon, password = userinfo.partition(":")
    if not user or not escaped_only(user, USER):
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the user part has a character that must be written as %XX")
    if not escaped_only(password, PASSWORD):
        raise InvalidSipUri(
            Code.SIP_INVALID_URI, "the password part has a character that must be written as %XX"
        )
    return scheme.lower(), user, password if colon else None, after


def _is_address(userinfo: str) -> bool:
    """``example.com?a=b`` before an ``@``: the ``@`` is of a header value and there is no user part.

    The grammar would read a user ``example.com?a=b``; nobody means that, so a host, a ``?`` and a ``=``
    decide.
    """
    address, question, headers = userinfo.partition("?")
    return bool(question) and "." in address and "=" in headers


def _host_and_port(hostport: str) -> tuple[str, int | None]:
    """hostport = host [ ":" port ]"""
    if hostport.startswith("["):
        host, bracket, rest = hostport.partition("]")
        _check_ipv6(host[1:] if bracket else "")
        host += bracket
    else:
        host, colon, rest = hostport.partition(":")
        rest = colon + rest
        _check_hostname(host)
    if not rest:
        return host.lower(), None
    return host.lower(), _port(rest)


def _port(text: str) -> int:
    """``:5060``; port = 1*DIGIT, and what a port can be (RFC 768, RFC 9293)."""
    digits = text[1:]
    if (
        text[0] != ":"
        or not 0 < len(digits) <= 5
        or not DIGIT.issuperset(digits)
        or not 0 < int(digits) < 65_536
    ):
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the port is not 1 to 65535")
    return int(digits)


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


def _parameters(pieces: list[str]) -> tuple[tuple[str, str | None], ...]:
    """uri-parameters = *( ";" uri-parameter ); other-param = pname [ "=" pvalue ]; each name once
    (§19.1.1)."""
    parameters: list[tuple[str, str | None]] = []
    names = set()
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if not name or (equals and not value) or not _are_parameter_characters(name, value):
            raise InvalidSipUri(
                Code.SIP_INVALID_URI, "a parameter of the URI is empty or has a character that it cannot have"
            )
        if name.lower() in names:
            raise InvalidSipUri(Code.SIP_INVALID_URI, "a parameter of the URI is there twice")
        names.add(name.lower())
        parameters.append((name, value if equals else None))
    return tuple(parameters)


def _are_parameter_characters(name: str, value: str) -> bool:
    return escaped_only(name, PARAMETER) and escaped_only(value, PARAMETER)


def _raw_headers(text: str) -> tuple[tuple[str, str], ...]:
    """headers = "?" header *( "&" header ), split at ``&`` and at the first ``=``, otherwise as written."""
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return tuple((name, value) for name, _, value in pairs)
