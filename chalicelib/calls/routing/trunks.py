"""The SIP trunks of an account: where its telephone numbers go, set by who runs the platform (see `policy`)."""

from __future__ import annotations

import msgspec

from ... import sip

SEPARATORS = str.maketrans("", "", "-.() ")
"""Visual separators of RFC 3966 §5.1.1, and the space that people write."""


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
        """How many characters of ``number`` the longest prefix that it has takes; None: not this trunk's."""
        if not self.prefixes:
            return 0
        return max((len(prefix) for prefix in self.prefixes if number.startswith(prefix)), default=None)

    def uri(self, number: str) -> str:
        """The Request-URI for ``number``."""
        user = (self.prepend + number[self.strip :]).replace("#", "%23")
        return f"sip:{user}@{self.host}" + (";user=phone" if self.user_phone else "")

    def fault(self) -> str:
        """What makes it useless, in words; empty when nothing does."""
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


def proxy_fault(proxy: str) -> str:
    """Why ``proxy`` is no URI to send an INVITE through; empty when it is, or when there is none."""
    if not proxy:
        return ""
    try:
        uri = sip.parse_uri(proxy)
    except sip.InvalidSipUri as error:
        return error.message
    return "a proxy has neither user nor headers" if uri.user or uri.headers else ""


def chosen(trunks: tuple[Trunk, ...], number: str) -> Trunk | None:
    """The one with the longest prefix of ``number``; of several that are alike the first."""
    matches = [(length, trunk) for trunk in trunks if (length := trunk.matched(number)) is not None]
    if not matches:
        return None
    longest = max(length for length, _ in matches)
    return next(trunk for length, trunk in matches if length == longest)
