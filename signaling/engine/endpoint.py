"""The SIP engine's endpoint: transports, and one pooled account per credential set and next hop.

Settings that are not the engine's default are here because of what they cost or break: see the comments.
"""

from __future__ import annotations

import logging
import resource
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pjsua2 as pj

from chalicelib.sip.message import Message
from chalicelib.sip.uri import read_uri
from chalicelib.sip.wire import repaired
from chalicelib.webhooks.guard import AddressGuard

from ..settings import Settings
from .nexthop import NextHop

ENGINE_CALLS = 1024  # PJSUA_MAX_CALLS of our build; above it pjsua clamps silently
MAX_ACCOUNTS = 200
CLOCK_RATE = 8000  # Hz of the bridge: telephony's own rate, so PCMU and PCMA are not resampled
_log = logging.getLogger(__name__)

OnIncoming = Callable[["SipAccount", int, Message, str], None]


@dataclass(frozen=True)
class AccountKey:
    """What an account is for: digest credentials, and the address to send to when the URI has a host name.

    ``secure_media``: SRTP or no call.
    """

    username: str = ""
    password: str = ""
    next_hop: str = ""
    secure_media: bool = False
    ipv6: bool = False

    def __repr__(self) -> str:
        return f"Route({self.next_hop})"


class SipAccount(pj.Account):
    """Receives INVITEs.  ``legs`` counts the calls that hold it."""

    def __init__(self, on_incoming: OnIncoming) -> None:
        super().__init__()
        self.legs = 0
        self._on_incoming = on_incoming

    def onIncomingCall(self, prm: Any) -> None:
        """The wire's text is copied here: the engine frees it after the callback."""
        try:
            message = Message(repaired(prm.rdata.wholeMsg))
            self._on_incoming(self, prm.callId, message, repaired(prm.rdata.srcAddress))
        except Exception:  # noqa: BLE001  an exception in a callback would be swallowed without a trace
            _log.exception("incoming call")


class NoAccountError(Exception):
    """Every pooled account is in use."""


class Endpoint:
    """One per process: pjsua keeps its state in globals."""

    def __init__(self, settings: Settings, guard: AddressGuard, on_incoming: OnIncoming) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._settings = settings
        self._on_incoming = on_incoming
        self._accounts: dict[AccountKey, SipAccount] = {}
        self.library = pj.Endpoint()
        self.library.libCreate()
        self.library.libInit(_configuration())
        self._next_hop = NextHop(guard)
        self._next_hop.start()
        self.port = self._listen(pj.PJSIP_TRANSPORT_UDP, settings.sip_port)
        self._listen(pj.PJSIP_TRANSPORT_TCP, self.port)
        self._tls_port = self._listen(pj.PJSIP_TRANSPORT_TLS, settings.tls_port)
        if settings.sip_host6:
            self._listen_at(pj.PJSIP_TRANSPORT_UDP6, self.port, settings.sip_host6, settings.sip_host6)
            self._listen_at(pj.PJSIP_TRANSPORT_TCP6, self.port, settings.sip_host6, settings.sip_host6)
            self._listen_at(pj.PJSIP_TRANSPORT_TLS6, self._tls_port, settings.sip_host6, settings.sip_host6)
        self.library.audDevManager().setNullDev()
        self._narrow_opus()

    def _narrow_opus(self) -> None:
        """Opus at the bridge's own rate, which loses what is above 4 kHz anyway: its 48 kHz would cost several times as
        much, for nothing.  Our SDP says so (``maxplaybackrate``, RFC 7587 §7.1); the peer may send what it likes.
        """
        config = self.library.getCodecOpusConfig()
        config.sample_rate = CLOCK_RATE
        self.library.setCodecOpusConfig(config)

    def start(self) -> None:
        """Begin to take INVITEs."""
        self.library.libStart()
        self.account(AccountKey()).legs += 1  # the default account is never evicted

    @property
    def host(self) -> str:
        """The address that others reach us at."""
        return self._settings.public_address or self._settings.sip_host

    def account(self, route: AccountKey) -> SipAccount:
        """Raises NoAccountError."""
        account = self._accounts.get(route)
        if account is None:
            self._make_room()
            account = SipAccount(self._on_incoming)
            account.create(self._account_configuration(route), not self._accounts)
            self._accounts[route] = account
        return account

    @property
    def slots(self) -> int:
        """How many holds calls have on accounts; from any thread."""
        return max(0, sum(account.legs for account in list(self._accounts.values())) - 1)

    def poll(self, milliseconds: int) -> None:
        """Handle the engine's events."""
        self.library.libHandleEvents(milliseconds)

    def close(self) -> None:
        """No call, player or port may be alive any more."""
        for account in self._accounts.values():
            account.shutdown()
        self._accounts.clear()
        self.library.libDestroy()

    def _make_room(self) -> None:
        if len(self._accounts) < MAX_ACCOUNTS:
            return
        for route, account in self._accounts.items():
            if account.legs == 0:
                del self._accounts[route]
                account.shutdown()
                return
        raise NoAccountError

    def _listen(self, kind: int, port: int) -> int:
        return self._listen_at(kind, port, self._settings.sip_host, self.host)

    def _listen_at(self, kind: int, port: int, bound: str, public: str) -> int:
        config = pj.TransportConfig()
        config.port = port
        config.boundAddress, config.publicAddress = bound, public
        config.tlsConfig = _tls(self._settings)
        number = self.library.transportCreate(kind, config)
        return int(self.library.transportGetInfo(number).localName.rsplit(":", 1)[1])

    def _account_configuration(self, route: AccountKey) -> Any:
        config = pj.AccountConfig()
        config.idUri = f"sip:callapi@{self.host}"
        media = config.mediaConfig
        # A look-up of our own name's AAAA record stalls the loop 5 s per call when DNS is silent.
        media.ipv6Use = pj.PJSUA_IPV6_DISABLED
        media.lockCodecEnabled = False  # else an answer with two codecs costs a re-INVITE
        media.transportConfig.port = self._settings.rtp_port_start
        media.transportConfig.portRange = self._settings.rtp_port_count
        # Every account counts ports for itself; from one start they would all try the same hundred.
        media.transportConfig.randomizePort = True
        media.transportConfig.boundAddress = self._settings.sip_host
        media.transportConfig.publicAddress = self.host
        if route.ipv6:
            media.ipv6Use = pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY
            media.transportConfig.boundAddress = self._settings.sip_host6
            media.transportConfig.publicAddress = self._settings.sip_host6
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        if route.secure_media:
            media.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
            media.srtpSecureSignaling = 0  # what the signalling must be is decided in targets.py
            media.srtpOpt.keyings.append(pj.PJMEDIA_SRTP_KEYING_SDES)
        if route.username:
            config.sipConfig.authCreds.append(
                pj.AuthCredInfo("digest", "*", route.username, 0, route.password)
            )
        hop = read_uri(route.next_hop)
        if hop.transport == "tls":
            # The engine would write the machine's own address, and sip: where the request is a sips: one, which must
            # have a Contact of its kind (RFC 3261 §8.1.1.8).
            host = f"[{self._settings.sip_host6}]" if route.ipv6 else self.host
            config.sipConfig.contactForced = f"<{hop.scheme}:callapi@{host}:{self._tls_port};transport=tls>"
        if route.next_hop:
            # ;hide: the request goes there, its URI keeps the name, and no Route header shows.
            config.sipConfig.proxies.append(f"<{route.next_hop};lr;hide>")
        return config


def _tls(settings: Settings) -> Any:
    """Our own certificate is for those who call us; without one no TLS handshake from outside succeeds."""
    config = pj.TlsConfig()
    config.verifyServer = settings.tls_verify
    config.CaListFile = settings.tls_ca_file
    config.certFile, config.privKeyFile = settings.tls_cert_file, settings.tls_key_file
    config.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2 | pj.PJ_SSL_SOCK_PROTO_TLS1_3
    return config


def _configuration() -> Any:
    config = pj.EpConfig()
    config.uaConfig.maxCalls = ENGINE_CALLS
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "CallAPI"
    config.uaConfig.natTypeInSdp = 0
    config.medConfig.clockRate = config.medConfig.sndClockRate = CLOCK_RATE
    config.medConfig.noVad = True
    # The bridge's clock must not stop when nothing has been connected for a second: a silent leg still sends RTP,
    # by which a peer behind NAT learns where to send its own.
    config.medConfig.sndAutoCloseTime = -1
    config.medConfig.ecTailLen = 0
    config.medConfig.maxMediaPorts = 4096
    config.logConfig.level = config.logConfig.consoleLevel = 1
    return config
