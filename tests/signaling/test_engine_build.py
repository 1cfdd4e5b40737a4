"""What `signaling/engine/native/build-engine.sh` must have built: limits, codecs, crypto, and the SIP trace."""

import base64
import hashlib
import json
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callapi.processes import free_port, sipp_ports
from tests.signaling.certificates import authority, certificate
from tests.signaling.peer import Peer

PROBE = Path(__file__).with_name("engine_probe.py")
SELF_TEST = Path(__file__).parents[2] / "signaling" / "engine" / "native" / "self_test.py"
PASSWORD = "wonderland"
CALLS_AT_ONCE = 600


def probe(name: str, *arguments: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, str(PROBE), name, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


@pytest.fixture
def udp_peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        yield peer


def uri_of(peer: socket.socket, user: str = "bob") -> str:
    return f"sip:{user}@127.0.0.1:{peer.getsockname()[1]}"


def test_engine_passes_the_self_test_of_a_source_that_nobody_measured() -> None:
    """build-engine.sh runs it where no tests are; here it must not rot."""
    run = subprocess.run(
        [sys.executable, str(SELF_TEST)], capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr.count(": passed") == 5


# --- limits ---


@pytest.fixture
def sipp_uas() -> Iterator[str]:
    """SIPp answering every call; its URI."""
    program = shutil.which("sipp")
    assert program, "SIPp is missing: run `make setup`"
    port = free_port()
    command = [program, "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-buff_size", "4194304", "-nostdin"]
    command += sipp_ports()
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_bound(port)
        yield f"sip:bob@127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def wait_until_bound(port: int) -> None:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        table = Path("/proc/net/udp").read_text(encoding="ascii")
        if f"0100007F:{port:04X} " in table:
            return
        time.sleep(0.02)
    pytest.fail(f"SIPp did not bind port {port}")


def test_six_hundred_calls_are_up_at_once(sipp_uas: str) -> None:
    answer = probe("calls", sipp_uas, str(CALLS_AT_ONCE))
    assert answer == {"confirmed_at_once": CALLS_AT_ONCE, "ended": CALLS_AT_ONCE}


def test_object_freed_late_leaves_the_call_alone_that_has_its_number_now(sipp_uas: str) -> None:
    answer = probe("freed_late", sipp_uas)
    assert answer == {"same_number": True, "second_confirmed": True, "second_up": True}


# --- codecs and crypto ---


@pytest.fixture(scope="module")
def capabilities() -> dict[str, Any]:
    return probe("capabilities")


@pytest.mark.parametrize("codec", ["opus/48000", "G722/16000", "PCMU/8000", "PCMA/8000"])
def test_codec_is_compiled_in(capabilities: dict[str, Any], codec: str) -> None:
    assert any(entry.startswith(codec) for entry in capabilities["codecs"])


def test_crypto_is_openssl_3_and_the_systems_srtp(capabilities: dict[str, Any]) -> None:
    assert {"libssl.so.3", "libcrypto.so.3", "libsrtp2.so.1"} <= set(capabilities["loaded"])


def test_tones_are_recognised_by_spandsp(capabilities: dict[str, Any]) -> None:
    assert any(name.startswith("libspandsp.so.2") for name in capabilities["loaded"])


def test_ears_for_tones_leave_no_port_in_the_bridge_and_are_for_calls_without_events_only() -> None:
    """What each Gather opens and closes on a leg that sends its keys as tones."""
    answers = {}
    for events in (False, True):
        callee = Peer(telephone_event=events)
        picked_up = threading.Thread(target=lambda callee=callee: callee.answer(callee.expect("INVITE")))
        picked_up.start()
        try:
            answers[events] = probe("ears", callee.uri, "300")
        finally:
            picked_up.join()
            callee.close()
    assert answers[False]["opened"] == 300
    assert answers[False]["most"] > answers[False]["before"]
    assert answers[False]["after"] == answers[False]["before"]
    assert answers[True]["opened"] == 0


def test_an_srtp_only_offer_carries_a_key(udp_peer: socket.socket) -> None:
    probe("srtp", uri_of(udp_peer))
    invite = udp_peer.recv(65536).decode()
    assert re.search(r"^m=audio \d+ RTP/SAVP ", invite, re.MULTILINE)
    assert re.search(r"^a=crypto:\d+ AES_CM_128_HMAC_SHA1_80 inline:", invite, re.MULTILINE)


def test_a_request_over_tls_is_answered(tmp_path: Path) -> None:
    issuer = authority(tmp_path)
    own = certificate(tmp_path, issuer, "localhost")
    command = [sys.executable, str(PROBE), "tls", str(own.cert), str(own.key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout
        port = next(int(line) for line in listener.stdout if line.strip().isdigit())
        context = ssl.create_default_context(cafile=str(issuer.cert))
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(options_request(port))
            assert secure.version() in {"TLSv1.2", "TLSv1.3"}
            assert secure.recv(65536).startswith(b"SIP/2.0 200 ")
        listener.kill()


def options_request(port: int) -> bytes:
    return (
        f"OPTIONS sip:probe@127.0.0.1:{port};transport=tls SIP/2.0\r\n"
        "Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1;rport\r\n"
        "From: <sip:bob@127.0.0.1>;tag=1\r\nTo: <sip:probe@127.0.0.1>\r\n"
        "Call-ID: options-over-tls\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


# --- the trace ---


def records(trace: bytes) -> Iterator[tuple[str, str]]:
    """The (line, message) pairs of a drained trace, framed as siptrace.c says."""
    while trace:
        (length,) = struct.unpack_from("<I", trace)
        line, _, message = trace[4 : 4 + length].decode().partition("\n")
        yield line, message
        trace = trace[4 + length :]


def response(request: str, status: str, *more: str) -> bytes:
    kept = [line for line in request.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq):", line)]
    to = next(line for line in request.split("\r\n") if line.startswith("To:"))
    return "\r\n".join(
        [f"SIP/2.0 {status}", *kept, f"{to};tag=x", *more, "Content-Length: 0", "", ""]
    ).encode()


def challenge_then_decline(peer: socket.socket, received: list[str]) -> None:
    """Answer the INVITE without credentials with 401, the one with them with 603."""
    while len(received) < 4:
        data, source = peer.recvfrom(65536)
        received.append(data.decode())
        if received[-1].startswith("ACK"):
            continue
        authorized = "\r\nAuthorization:" in received[-1]
        challenge = 'WWW-Authenticate: Digest realm="wonder", nonce="n1", algorithm=MD5'
        answer = ("603 Decline",) if authorized else ("401 Unauthorized", challenge)
        peer.sendto(response(received[-1], *answer), source)


@pytest.fixture
def challenged(udp_peer: socket.socket) -> tuple[dict[str, Any], list[str]]:
    """What the probe saw and what crossed the wire, when the callee asked for the password."""
    received: list[str] = []
    server = threading.Thread(target=challenge_then_decline, args=(udp_peer, received))
    server.start()
    answer = probe("trace", uri_of(udp_peer, user=f"bob:{PASSWORD}"))
    server.join(timeout=10)
    return answer, received


def test_trace_tells_each_message_that_crossed_the_wire(
    challenged: tuple[dict[str, Any], list[str]], udp_peer: socket.socket
) -> None:
    answer, received = challenged
    traced = list(records(base64.b64decode(answer["trace"])))
    peer = f"UDP 127.0.0.1:{udp_peer.getsockname()[1]}"
    call_ids = {line.split(" ", 4)[4] for line, _ in traced}
    assert call_ids == {line[9:] for line in received[0].split("\r\n") if line.startswith("Call-ID: ")}
    assert [(" ".join(line.split(" ")[1:4]), message.split(" ")[0]) for line, message in traced] == [
        (f"TX {peer}", "INVITE"),
        (f"RX {peer}", "SIP/2.0"),
        (f"TX {peer}", "ACK"),
        (f"TX {peer}", "INVITE"),
        (f"RX {peer}", "SIP/2.0"),
        (f"TX {peer}", "ACK"),
    ]
    times = [float(line.split(" ")[0]) for line, _ in traced]
    assert times == sorted(times)
    assert abs(times[0] - time.time()) < 60
    assert answer["code"] == 603
    assert [message.split("\r\n")[1] for line, message in traced if " TX " in line] == [
        message.split("\r\n")[1] for message in received
    ]


def test_trace_has_no_credentials_and_no_body(challenged: tuple[dict[str, Any], list[str]]) -> None:
    answer, received = challenged
    secret = hashlib.md5(f"alice:wonder:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
    credentials = next(line for line in received[2].split("\r\n") if line.startswith("Authorization: Digest"))
    assert "m=audio" in received[2]
    trace = base64.b64decode(answer["trace"]).decode(errors="replace")
    assert "Authorization: [redacted]\r\n" in trace
    assert "sip:bob:[redacted]@127.0.0.1" in trace
    for leak in (PASSWORD, secret, credentials, "response=", "m=audio", "v=0"):
        assert leak not in trace


def test_trace_starts_once_and_only_on_an_endpoint(challenged: tuple[dict[str, Any], list[str]]) -> None:
    answer, _ = challenged
    assert answer["early"] != 0
    assert answer["started"] == [0, 0]
    assert (answer["too_small"], answer["empty"], answer["dropped"]) == (-1, 0, 0)


def test_full_trace_drops_new_messages_counts_them_and_keeps_whole_records(udp_peer: socket.socket) -> None:
    answer = probe("flood", uri_of(udp_peer), "900")
    kept = list(records(base64.b64decode(answer["trace"])))
    assert answer["size"] <= 4 * 1024 * 1024
    assert len(kept) >= 600
    assert len(kept) + answer["dropped"] >= 900
    assert answer["dropped"] > 0
    assert all(message.startswith("INFO sip:bob@") for _, message in kept)
