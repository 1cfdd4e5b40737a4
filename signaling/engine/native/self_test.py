"""Does the engine do what the task relies on?  build-engine.sh asks, once, on a pjproject that nobody has measured.

Only what a later pjproject may take away: the compiled limits, the codecs, what each patch is for, and what the C
files hook into.  The rest is in tests/signaling.  Each check is a process of its own: pjsua keeps its state in
globals, and a wrong engine may crash.

Usage: ``PYTHONPATH=<folder of the engine> python self_test.py``.  Exit status 1 when a check failed; it is named.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import _pjsua2
import pjsua2 as pj

MAX_CALLS = 1024  # PJSUA_MAX_CALLS of config_site.h
CODECS = ("opus/48000", "G722/16000", "PCMU/8000", "PCMA/8000")
METHODS = b"INVITE,ACK,CANCEL,BYE,OPTIONS,INFO,UPDATE,PRACK,REFER"
ELSEWHERE = "127.0.0.9"
CHALLENGE = '401 Unauthorized\r\nWWW-Authenticate: Digest realm="self-test", nonce="{}", algorithm=MD5'
DESCRIPTION = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
)
"""PCMU at a port that nobody listens at, without telephone-event."""
DEFAULTS = True
SECONDS = 5.0
"""That anything may take; on loopback it takes milliseconds."""
library = ctypes.CDLL(_pjsua2.__file__)
Judge = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)


class Call(pj.Call):
    """Knows how far it came, and accepts a REFER."""

    state = code = 0

    def onCallState(self, prm: Any) -> None:
        """Recorded."""
        info = self.getInfo()
        self.state, self.code = info.state, info.lastStatusCode

    def onCallTransferRequest(self, prm: Any) -> None:
        """202."""
        prm.statusCode = 202


class Peer:
    """A user agent on UDP whose Contact is elsewhere.  ``answers``: what each INVITE gets; the last one again."""

    def __init__(self) -> None:
        self.answers = ["200 OK"]
        self.received: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0)
        self._engine = ("", 0)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def look(self) -> None:
        """Take one message, and answer it when it is a request."""
        with contextlib.suppress(BlockingIOError):
            data, self._engine = self._socket.recvfrom(65536)
            self.received.append(data.decode())
            method = self.received[-1].partition(" ")[0]
            if method == "INVITE":
                self._respond(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            elif method not in {"ACK", "SIP/2.0"}:
                self._respond("200 OK")

    def requests(self, method: str) -> list[str]:
        """Those that came."""
        return [message for message in self.received if message.startswith(method + " ")]

    def refer(self, target: str) -> None:
        """Within the dialog of the last INVITE."""
        invite = self.requests("INVITE")[-1]
        (uri,) = re.findall(r"^Contact: <(.*)>", invite, re.MULTILINE)
        via = f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bKrefer"
        ends = f"From: {header(invite, 'To')};tag=peer", f"To: {header(invite, 'From')}"
        number = f"Call-ID: {header(invite, 'Call-ID')}", "CSeq: 1 REFER", "Max-Forwards: 70"
        addresses = f"Contact: <sip:{ELSEWHERE}>", f"Refer-To: <{target}>"
        self._send(f"REFER {uri} SIP/2.0", via, *ends, *number, *addresses)

    def _respond(self, answer: str) -> None:
        request = self.received[-1]
        status, *more = answer.split("\r\n")
        kept = [f"{name}: {header(request, name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        kept.append(f"To: {header(request, 'To').removesuffix(';tag=peer')};tag=peer")
        if status == "200 OK" and request.startswith("INVITE "):
            more += [f"Contact: <sip:{ELSEWHERE}>", "Content-Type: application/sdp"]
            self._send(f"SIP/2.0 {status}", *kept, *more, body=DESCRIPTION)
        else:
            self._send(f"SIP/2.0 {status}", *kept, *more)

    def _send(self, *lines: str, body: str = "") -> None:
        message = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", body))
        self._socket.sendto(message.encode(), self._engine)


def header(message: str, name: str) -> str:
    """Its first value."""
    return next(line[len(name) + 2 :] for line in message.split("\r\n") if line.startswith(f"{name}: "))


class Engine:
    """One endpoint with the C files' modules started."""

    def __init__(self, most_calls: int = MAX_CALLS) -> None:
        self.peer = Peer()
        self.asked: list[bytes] = []
        self._judge = Judge(self._permits)
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.maxCalls, config.uaConfig.threadCnt = most_calls, 0
        config.uaConfig.mainThreadOnly = True
        config.medConfig.sndAutoCloseTime = -1
        config.logConfig.level = config.logConfig.consoleLevel = 1
        self.endpoint.libInit(config)
        self.endpoint.audDevManager().setNullDev()
        transport = pj.TransportConfig()
        transport.boundAddress = "127.0.0.1"
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self._start_modules()
        self.endpoint.libStart()
        account = pj.AccountConfig()
        account.idUri = "sip:self-test@127.0.0.1"
        account.mediaConfig.ipv6Use = pj.PJSUA_IPV6_DISABLED
        account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", "alice", 0, "wrong"))
        self.account = pj.Account()
        self.account.create(account)

    def _start_modules(self) -> None:
        starts = [library.callapi_trace_start(), library.callapi_registrar_start()]
        starts += [library.callapi_methods_start(METHODS), library.callapi_nexthop_start(self._judge)]
        starts += [library.callapi_admission_start(MAX_CALLS)]
        expect("starts of the C files' modules", starts, [0] * 5)

    def _permits(self, address: bytes) -> int:
        self.asked.append(address)
        return 0

    def call(self) -> Call:
        """To the peer."""
        call = Call(self.account)
        parameters = pj.CallOpParam(DEFAULTS)
        parameters.opt.audioCount, parameters.opt.videoCount, parameters.opt.textCount = 1, 0, 0
        call.makeCall(f"sip:peer@{self.peer.address}", parameters)
        return call

    def call_up(self) -> Call:
        """One that the peer answered, with its media."""
        call = self.call()
        self.wait("the call comes up", lambda: bool(self.peer.requests("ACK")))
        self.run(0.2)
        return call

    def hang_up(self, call: Call) -> None:
        """And wait for the end."""
        call.hangup(pj.CallOpParam(DEFAULTS))
        self.wait("the call ends", lambda: call.state == pj.PJSIP_INV_STATE_DISCONNECTED)

    def run(self, seconds: float, done: Callable[[], bool] = lambda: False) -> bool:
        """For that long, or until ``done``: then True."""
        limit = time.monotonic() + seconds
        while not done() and time.monotonic() < limit:
            self.endpoint.libHandleEvents(2)
            self.peer.look()
        return done()

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Until ``done``, which is ``what``."""
        expect(what, self.run(SECONDS, done))


def expect(what: str, found: object, wanted: object = True) -> None:  # noqa: FBT002  any value
    """Raises AssertionError."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


# --- the checks; each has a process for itself ---


def limits_and_codecs(engine: Engine) -> None:
    """config_site.h and the options of configure."""
    expect("calls at most", library.pjsua_call_get_max_count(), MAX_CALLS)
    has = [codec.codecId for codec in engine.endpoint.codecEnum2()]
    expect("codecs", [codec for codec in CODECS if not any(name.startswith(codec) for name in has)], [])


def one_answer_to_a_challenge(engine: Engine) -> None:
    """one-answer.patch, replaces.patch, siptrace.c."""
    engine.peer.answers = [CHALLENGE.format("n1"), CHALLENGE.format("n2")]
    call = engine.call()
    engine.wait("the refused call ends", lambda: call.state == pj.PJSIP_INV_STATE_DISCONNECTED)
    expect("its status", call.code, 401)
    invites = engine.peer.requests("INVITE")
    answered = ["\r\nAuthorization:" in invite for invite in invites]
    expect("INVITEs with an answer to the challenge", answered, [False, True])
    expect("Supported is without replaces", "replaces" not in header(invites[0], "Supported"))
    buffer = ctypes.create_string_buffer(1 << 16)
    size = library.callapi_trace_drain(buffer, len(buffer))
    records = buffer.raw[: max(size, 0)].decode(errors="replace")
    sent = re.findall(rf" TX UDP {engine.peer.address} {re.escape(header(invites[0], 'Call-ID'))}\n", records)
    expect("messages sent, in the trace", len(sent), 4)


def refer_is_only_answered(engine: Engine) -> None:
    """refer.patch; nexthop.c, by which the ACK goes to the peer instead of its Contact."""
    call = engine.call_up()
    expect("addresses that the guard judged", set(engine.asked), {ELSEWHERE.encode()})
    engine.peer.refer(f"sip:target@{engine.peer.address}")
    engine.wait("REFER is answered by 202", lambda: engine.peer.received[-1].startswith("SIP/2.0 202 "))
    engine.run(0.5)
    expect("INVITEs after the REFER", len(engine.peer.requests("INVITE")), 1)
    engine.hang_up(call)


def sounds_leave_the_bridge(engine: Engine) -> None:
    """queued-removal.patch, sounds.c, inband.c."""
    call = engine.call_up()
    before = engine.endpoint.mediaActivePorts()
    leg = call.getAudioMedia(-1).getPortId()
    parts = (ctypes.c_short * 6)(440, 0, 400, 200, 8000, 0)  # pjmedia_tone_desc
    for _ in range(50):
        sound = library.callapi_sound_tone(parts, 1)
        expect("a tone is connected", library.callapi_sound_connect(sound, leg), 1)
        library.callapi_sound_end(sound)
        ear = library.callapi_inband_listen(call.getId(), -1)
        expect("an ear for tones", ear >= 0)
        library.callapi_sound_end(ear)
        engine.run(0.005)
    engine.run(0.3)
    expect("sounds left", library.callapi_sound_count(), 0)
    expect("ports of the bridge", engine.endpoint.mediaActivePorts(), before)
    engine.hang_up(call)


def late_object_leaves_the_next_call_alone(engine: Engine) -> None:
    """call-owner.patch."""
    ended = [engine.call_up()]
    engine.hang_up(ended[0])
    engine.run(0.3)
    second = engine.call()
    expect("the second call's number", second.getId(), ended[0].getId())
    ended.clear()
    engine.wait("the second call comes up", lambda: second.state == pj.PJSIP_INV_STATE_CONFIRMED)
    engine.run(0.3)
    expect("its state", second.state, pj.PJSIP_INV_STATE_CONFIRMED)
    engine.hang_up(second)


CHECKS = (
    limits_and_codecs,
    one_answer_to_a_challenge,
    refer_is_only_answered,
    sounds_leave_the_bridge,
    late_object_leaves_the_next_call_alone,
)


def run_check(number: int) -> int:
    """In this process."""
    check = CHECKS[number]
    engine = Engine(1 if check is late_object_leaves_the_next_call_alone else MAX_CALLS)
    try:
        check(engine)
    except AssertionError as error:
        print(f"self-test: {error}", file=sys.stderr)
        return 1
    engine.account.shutdown()
    engine.endpoint.libDestroy()
    return 0


def main() -> int:
    """All of them."""
    failed = 0
    for number, check in enumerate(CHECKS):
        command = [sys.executable, "-B", __file__, str(number)]
        status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        verdict = "passed" if status == 0 else f"FAILED, status {status}. It is about: {check.__doc__}"
        print(f"self-test: {check.__name__}: {verdict}", file=sys.stderr)
        failed += status != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_check(int(sys.argv[1])) if len(sys.argv) > 1 else main())
