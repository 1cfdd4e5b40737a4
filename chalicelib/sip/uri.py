"""SIP URIs, by the grammar of RFC 3261 §25.1.

`urllib.parse` does not do: to it a ``sip:`` URI is a scheme and an opaque path, without a user part and parameters,
and it drops tabs and line ends silently, so that a header injection would pass a check.  Nor does one regular
expression: it could not say what is wrong, and one that backtracks lets a customer's web page stop the service.  So
the text is split at the delimiters that the grammar puts first, and each piece is checked against its own character
set (`characters`, section beside each), in time linear in the text.

    SIP-URI = "sip:" [ userinfo ] hostport uri-parameters [ headers ]
    sip:alice@example.com:5060;transport=tcp?X-Order=42&User-to-User=…
        └user┘└──host───┘ port └──parameters──┘└──────── headers ────┘

Only the header part is not held to its character set here: `headers` judges each header alone and leaves out
the bad ones (CONTRACT §3), so one of them does not cost the call.

`parse_uri` holds a customer's URI to the grammar.  `read_uri` reads a peer's, which is split in the same places but may
have any characters: a call is not lost because a telephone writes ``sip:a#b@my_host``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import unquote

from ..catalogue import Code
from .characters import DIGIT, PARAMETER, PASSWORD, USER, escaped_only
from .errors import InvalidSipUri, SipWarning
from .hosts import check_host

Transport = Literal["udp", "tcp", "tls"]
DEFAULT_PORTS: dict[Transport, int] = {"udp": 5060, "tcp": 5060, "tls": 5061}

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
    def transport(self) -> Transport:
        """``wanted_transport``, and ``udp`` when the URI does not say (CONTRACT §3)."""
        return self.wanted_transport or "udp"

    @property
    def wanted_transport(self) -> Transport | Literal[""]:
        """'' when the URI does not say, so that DNS does (RFC 3263 §4.1).

        ``sips:`` is TLS.  So is ``;secure=true`` unless the URI names a transport: the keys of the media travel in the
        messages (RFC 4568 §8.3).  A transport that we do not have is UDP, with a warning (CONTRACT §3).
        """
        named = self.parameter("transport")
        if self.scheme == "sips" or named == "tls":
            return "tls"
        if named is None:
            return "tls" if self.secure_media else ""
        return "tcp" if named == "tcp" else "udp"

    @property
    def secure_media(self) -> bool:
        """Whether ``;secure=true`` asks for SRTP."""
        return self.parameter("secure") == "true"

    @property
    def maddr(self) -> str:
        """Another place that the URI sends to (RFC 3261 §19.1.1), or ''."""
        return self.parameter("maddr") or ""

    @property
    def default_port(self) -> int:
        """Where a server listens that no record of DNS names."""
        return DEFAULT_PORTS[self.transport]

    def parameter(self, name: str) -> str | None:
        """The value of the parameter ``name`` in lower case and unescaped; '' when it has no value, None when there is
        no such parameter.

        When it occurs more than once, which the grammar forbids, the last value that is not empty counts, as in the
        SIP engine.
        """
        found = None
        for written, value in self.parameters:
            if _plain(written) == name:
                found = _plain(value or "") or found or ""
        return found

    @property
    def warnings(self) -> tuple[SipWarning, ...]:
        """What of the URI is not done as written."""
        named = self.parameter("transport")
        if named is None or named in DEFAULT_PORTS:
            return ()
        message = f"transport {named[:40] or 'none'} is not supported: {self.transport} is used"
        return (SipWarning(Code.SIP_URI_WARNING, message),)

    def __str__(self) -> str:
        headers = "&".join(f"{name}={value}" if value else name for name, value in self.headers)
        return f"{self.without_headers}?{headers}" if headers else self.without_headers


class _Pieces(NamedTuple):
    """A URI split at its delimiters.  ``user`` None: there is no ``@``.  ``port``: with its colon, or ''.  ``length``:
    characters before the header part.
    """

    scheme: str
    user: str | None
    password: str | None
    host: str
    port: str
    parameters: list[str]
    headers: str
    length: int


def is_sip(text: str) -> bool:
    """Whether ``text`` has the scheme ``sip:`` or ``sips:``."""
    return text[:5].lower().startswith(("sip:", "sips:"))


def read_uri(text: str) -> SipUri:
    """The URI of a peer, as far as it can be read: its characters and its length are not checked.  Never raises.

    ``host`` is '' for any other scheme, and for a URI without one.  A port that is not a number counts as missing.
    """
    pieces = _split(text.strip())
    if pieces is None:
        return SipUri("", "", "")
    return SipUri(
        scheme=pieces.scheme,
        user=pieces.user or "",
        host=pieces.host.lower(),
        port=_port_if_any(pieces.port[1:]),
        parameters=tuple(map(_parameter, pieces.parameters)),
        headers=_raw_headers(pieces.headers),
        password=pieces.password,
    )


def parse_uri(text: str) -> SipUri:
    """Read a ``sip:`` or ``sips:`` URI; white space around it is dropped.

    Raises `InvalidSipUri`: 13243 for the URI, 13253 when the header part is too long.  Its message never
    repeats the URI, which may have a password in it.
    """
    pieces = _split(text.strip())
    if pieces is None:
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the URI does not begin with sip: or sips:")
    _check_userinfo(pieces)
    _check_length(pieces)
    check_host(pieces.host)
    return SipUri(
        scheme=pieces.scheme,
        user=pieces.user or "",
        host=pieces.host.lower(),
        port=_port(pieces.port) if pieces.port else None,
        parameters=_parameters(pieces.parameters),
        headers=_raw_headers(pieces.headers),
        password=pieces.password,
    )


def _split(text: str) -> _Pieces | None:
    """None for another scheme.

    userinfo = ( user / telephone-subscriber ) [ ":" password ] "@".  A user may contain ``?`` and ``;``, so
    the ``@`` is looked for first.  But a header value may contain a raw ``@`` by mistake: only an ``@`` whose
    left side is a userinfo counts, and neither ``@`` nor a second ``:`` can be in one, so it is the first or
    none.
    """
    scheme, _, rest = text.partition(":")
    if not is_sip(text):
        return None
    user: str | None = None
    password: str | None = None
    userinfo, at, after = rest.partition("@")
    if at and not _is_address(userinfo):
        rest = after
        user, colon, behind = userinfo.partition(":")
        password = behind if colon else None
    address, _, headers = rest.partition("?")
    hostport, *parameters = address.split(";")
    host, port = _host_and_port(hostport)
    length = len(text) - len(rest) + len(address)
    return _Pieces(scheme.lower(), user, password, host, port, parameters, headers, length)


def _is_address(userinfo: str) -> bool:
    """``example.com?a=b`` before an ``@``: the ``@`` is of a header value and there is no user part.

    The grammar would read a user ``example.com?a=b``; nobody means that, so a host, a ``?`` and a ``=``
    decide.
    """
    address, question, headers = userinfo.partition("?")
    return bool(question) and "." in address and "=" in headers


def _host_and_port(hostport: str) -> tuple[str, str]:
    """hostport = host [ ":" port ]; an IPv6 host has its brackets."""
    if hostport.startswith("["):
        host, bracket, port = hostport.partition("]")
        return host + bracket, port
    host, colon, port = hostport.partition(":")
    return host, colon + port


def _check_userinfo(pieces: _Pieces) -> None:
    if pieces.user is None:
        return
    if not pieces.user or not escaped_only(pieces.user, USER):
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the user part has a character that must be written as %XX")
    if not escaped_only(pieces.password or "", PASSWORD):
        raise InvalidSipUri(
            Code.SIP_INVALID_URI, "the password part has a character that must be written as %XX"
        )


def _check_length(pieces: _Pieces) -> None:
    if pieces.length > MAX_URI:
        raise InvalidSipUri(Code.SIP_INVALID_URI, f"the URI is longer than {MAX_URI} characters")
    if len(pieces.headers) > MAX_HEADERS:
        raise InvalidSipUri(
            Code.SIP_HEADERS_TOO_LONG, f"the headers of the URI are longer than {MAX_HEADERS} characters"
        )


def _port(text: str) -> int:
    """``:5060``; port = 1*DIGIT, and what a port can be (RFC 768, RFC 9293)."""
    number = _port_if_any(text[1:])
    if text[0] != ":" or number is None or not 0 < number < 65_536:
        raise InvalidSipUri(Code.SIP_INVALID_URI, "the port is not 1 to 65535")
    return number


def _port_if_any(digits: str) -> int | None:
    return int(digits) if 0 < len(digits) <= 5 and DIGIT.issuperset(digits) else None


def _plain(text: str) -> str:
    return (unquote(text) if "%" in text else text).lower()


def _parameter(piece: str) -> tuple[str, str | None]:
    """uri-parameter = pname [ "=" pvalue ]"""
    name, equals, value = piece.partition("=")
    return name, value if equals else None


def _parameters(pieces: list[str]) -> tuple[tuple[str, str | None], ...]:
    """uri-parameters = *( ";" uri-parameter ), each name once (§19.1.1)."""
    parameters = tuple(map(_parameter, pieces))
    if not all(_is_parameter(name, value) for name, value in parameters):
        raise InvalidSipUri(
            Code.SIP_INVALID_URI, "a parameter of the URI is empty or has a character that it cannot have"
        )
    if len({_plain(name) for name, _ in parameters}) < len(parameters):
        raise InvalidSipUri(Code.SIP_INVALID_URI, "a parameter of the URI is there twice")
    return parameters


def _is_parameter(name: str, value: str | None) -> bool:
    if not name or value == "":
        return False
    return escaped_only(name, PARAMETER) and escaped_only(value or "", PARAMETER)


def _raw_headers(text: str) -> tuple[tuple[str, str], ...]:
    """headers = "?" header *( "&" header ), split at ``&`` and at the first ``=``, otherwise as written."""
    if not text:
        return ()
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return tuple((name, value) for name, _, value in pairs)
