"""One endpoint of the built engine, for the tests of the build; each probe is a process of its own.

pjsua keeps its state in globals: a process has one endpoint, so a test must not share one with another test. A probe
prints one JSON object; `test_engine_build.py` says what it must hold.
"""

import base64
import ctypes
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import _pjsua2
import pjsua2 as pj

USER, PASSWORD = "alice", "wonderland"


class OutboundCall(pj.Call):
    """Records how far the INVITE came."""

    def __init__(self, account: Any) -> None:
        super().__init__(account)
        self.confirmed = False
        self.last_code = 0
        self.over = False

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        self.confirmed = self.confirmed or info.state == pj.PJSIP_INV_STATE_CONFIRMED
        self.last_code = info.lastStatusCode
        self.over = info.state == pj.PJSIP_INV_STATE_DISCONNECTED


@contextmanager
def endpoint(max_calls: int = 32) -> Iterator[Any]:
    config = pj.EpConfig()
    config.uaConfig.maxCalls = max_calls
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.threadCnt = 0
    config.logConfig.level = 1
    config.logConfig.consoleLevel = 1
    ep = pj.Endpoint()
    ep.libCreate()
    ep.libInit(config)
    ep.audDevManager().setNoDev()
    try:
        yield ep
    finally:
        ep.libDestroy()


def transport(ep: Any, kind: int, *, cert: str = "", key: str = "") -> Any:
    config = pj.TransportConfig()
    config.port = 0
    config.boundAddress = config.publicAddress = "127.0.0.1"
    config.tlsConfig.certFile, config.tlsConfig.privKeyFile = cert, key
    number = ep.transportCreate(kind, config)
    return ep.transportGetInfo(number)


def account(*, srtp: int = pj.PJMEDIA_SRTP_DISABLED) -> Any:
    config = pj.AccountConfig()
    config.idUri = "sip:probe@127.0.0.1"
    config.mediaConfig.ipv6Use = pj.PJSUA_IPV6_DISABLED
    config.mediaConfig.srtpUse = srtp
    config.mediaConfig.srtpSecureSignaling = 0
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", USER, 0, PASSWORD))
    made = pj.Account()
    made.create(config)
    return made


def run_until(ep: Any, done: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not done() and time.monotonic() < limit:
        ep.libHandleEvents(5)


def dial(caller: Any, uri: str) -> OutboundCall:
    call = OutboundCall(caller)
    call.makeCall(uri, pj.CallOpParam(True))
    return call


def ring(ep: Any, caller: Any, uri: str, *, seconds: float) -> int:
    """Call until it is over or time is; the last status code. The call is freed before the endpoint is."""
    call = dial(caller, uri)
    run_until(ep, lambda: call.over, seconds)
    return call.last_code


def probe_calls(uri: str, wanted: str) -> dict[str, Any]:
    """Place `wanted` calls to one peer, all up at once, then end them."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with endpoint(max_calls=1024) as ep:
        transport(ep, pj.PJSIP_TRANSPORT_UDP)
        ep.libStart()
        return place_and_end(ep, uri, int(wanted))


def place_and_end(ep: Any, uri: str, count: int) -> dict[str, Any]:
    """A function of its own: its calls and its account are freed before the endpoint is."""
    caller = account()
    calls = []
    for _ in range(count):
        calls.append(dial(caller, uri))
        ep.libHandleEvents(0)
    run_until(ep, lambda: all(call.confirmed for call in calls), 30)
    confirmed_at_once = sum(call.isActive() and call.confirmed for call in calls)
    ep.hangupAllCalls()
    run_until(ep, lambda: all(call.over for call in calls), 30)
    return {"confirmed_at_once": confirmed_at_once, "ended": sum(call.over for call in calls)}


def probe_freed_late(uri: str) -> dict[str, Any]:
    """The object of an ended call is freed when its number, the only one, is another call's."""
    with endpoint(max_calls=1) as ep:
        transport(ep, pj.PJSIP_TRANSPORT_UDP)
        ep.libStart()
        return free_late(ep, uri)


def free_late(ep: Any, uri: str) -> dict[str, Any]:
    caller = account()
    ended = [dial(caller, uri)]
    run_until(ep, lambda: ended[0].confirmed, 5)
    ended[0].hangup(pj.CallOpParam(True))
    run_until(ep, lambda: False, 0.5)
    second = dial(caller, uri)
    number = ended[0].getId() == second.getId()
    ended.clear()
    run_until(ep, lambda: second.confirmed, 5)
    heard = second.confirmed
    run_until(ep, lambda: second.over, 0.5)
    answer = {"same_number": number, "second_confirmed": heard, "second_up": not second.over}
    second.hangup(pj.CallOpParam(True))
    run_until(ep, lambda: second.over, 5)
    return answer


def probe_capabilities() -> dict[str, Any]:
    """The codecs, the release and the crypto libraries in use."""
    with endpoint() as ep:
        codecs = [codec.codecId for codec in ep.codecEnum2()]
        release = ep.libVersion().full
    with open("/proc/self/maps", encoding="utf-8") as maps:
        loaded = sorted({line.split("/")[-1].strip() for line in maps if ".so" in line})
    return {"codecs": codecs, "release": release, "loaded": loaded}


def probe_srtp(uri: str) -> dict[str, Any]:
    """Offer SRTP only to a peer that never answers."""
    with endpoint() as ep:
        transport(ep, pj.PJSIP_TRANSPORT_UDP)
        ep.libStart()
        ring(ep, account(srtp=pj.PJMEDIA_SRTP_MANDATORY), uri, seconds=0.3)
    return {}


def probe_tls(cert: str, key: str) -> dict[str, Any]:
    """Listen on TLS for half a minute, or until killed; print the port first."""
    with endpoint() as ep:
        info = transport(ep, pj.PJSIP_TRANSPORT_TLS, cert=cert, key=key)
        ep.libStart()
        listener = account()
        print(int(info.localName.rsplit(":", 1)[1]), flush=True)
        run_until(ep, lambda: False, 30)
        del listener
    return {}


def probe_ears(uri: str, wanted: str) -> dict[str, Any]:
    """Listen for tones in the sound of one call, again and again; the ports in the bridge before, with one, after."""
    with endpoint() as ep:
        ep.audDevManager().setNullDev()  # the media clock
        transport(ep, pj.PJSIP_TRANSPORT_UDP)
        ep.libStart()
        return listen(ep, uri, int(wanted))


def listen(ep: Any, uri: str, count: int) -> dict[str, Any]:
    library = ctypes.CDLL(_pjsua2.__file__)
    caller = account()
    call = dial(caller, uri)
    run_until(ep, lambda: call.confirmed, 5)
    run_until(ep, lambda: False, 0.3)
    before = most = ep.mediaActivePorts()
    opened = 0
    for _ in range(count):
        ear = library.callapi_inband_listen(call.getId(), -1)
        again = library.callapi_inband_listen(call.getId(), ear)
        opened += ear >= 0 and ear == again
        ep.libHandleEvents(0)
        most = max(most, ep.mediaActivePorts())
        library.callapi_sound_end(ear)
        time.sleep(0.005)
    run_until(ep, lambda: False, 0.3)
    after = ep.mediaActivePorts()
    ep.hangupAllCalls()
    run_until(ep, lambda: call.over, 5)
    return {"before": before, "most": most, "after": after, "opened": opened}


def probe_trace(uri: str) -> dict[str, Any]:
    """Call a peer that asks for a password, and drain the trace."""
    library = ctypes.CDLL(_pjsua2.__file__)
    library.callapi_trace_dropped.restype = ctypes.c_ulonglong
    early = library.callapi_trace_start()
    with endpoint() as ep:
        transport(ep, pj.PJSIP_TRANSPORT_UDP)
        started = [library.callapi_trace_start(), library.callapi_trace_start()]
        ep.libStart()
        code = ring(ep, account(), uri, seconds=10)
        too_small = library.callapi_trace_drain(ctypes.create_string_buffer(8), 8)
        buffer = ctypes.create_string_buffer(1 << 16)
        size = library.callapi_trace_drain(buffer, len(buffer))
        empty = library.callapi_trace_drain(buffer, len(buffer))
    return {
        "early": early,
        "started": started,
        "code": code,
        "too_small": too_small,
        "trace": base64.b64encode(buffer.raw[: max(size, 0)]).decode(),
        "empty": empty,
        "dropped": library.callapi_trace_dropped(),
    }


def probe_flood(uri: str, wanted: str) -> dict[str, Any]:
    """Trace more than the ring holds without draining it, then drain it."""
    library = ctypes.CDLL(_pjsua2.__file__)
    library.callapi_trace_dropped.restype = ctypes.c_ulonglong
    buffer = ctypes.create_string_buffer(1 << 23)
    with endpoint() as ep:
        transport(ep, pj.PJSIP_TRANSPORT_UDP)
        library.callapi_trace_start()
        ep.libStart()
        caller = account()
        for _ in range(int(wanted)):
            parameters = pj.SendRequestParam()
            parameters.method = "INFO"
            parameters.txOption.targetUri = uri
            parameters.txOption.headers.append(pad_header())
            caller.sendRequest(parameters)
        run_until(ep, lambda: False, 0.2)
        size = library.callapi_trace_drain(buffer, len(buffer))
        dropped = library.callapi_trace_dropped()
        del caller
    return {"size": size, "dropped": dropped, "trace": base64.b64encode(buffer.raw[:size]).decode()}


def pad_header() -> Any:
    header = pj.SipHeader()
    header.hName, header.hValue = "X-Padding", "p" * 6000
    return header


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(globals()[f"probe_{name}"](*arguments)), flush=True)
