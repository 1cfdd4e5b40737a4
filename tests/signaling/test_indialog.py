"""Where requests within a dialog go: never to where a name in a Contact leads, nor to an address that is refused."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.signaling.certificates import authority, certificate
from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.name_server import name_server
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.sipp import Start, talks
from tests.signaling.softphone import dialled_by_name
from tests.signaling.task import called, task_running
from tests.signaling.tls_peer import TlsPeer
from tests.waiting import wait_until

NAME = "callee.invalid"
PLACES = [
    NAME,
    f"{NAME}:5070",
    f"{NAME};transport=tcp",
    "10.255.255.1",
    "169.254.169.254:80",
    "[fd00::1]:5070",
    "callapi-a9fea9fe.e.example:80",
    "callapi-7f000009.e.example:5070;transport=tcp",
]
ELSEWHERE = "127.0.0.9"
"""An address that the guard lets through, and nobody has."""
SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>
/* A name server that never answers: glibc gives up after 5 s. */
typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    look_up *real = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (host && *host && !(hints && hints->ai_flags & AI_NUMERICHOST) && !(host[0] >= '0' && host[0] <= '9'))
        sleep(5);
    return real(host, service, hints, found);
}
"""


@pytest.mark.parametrize("place", PLACES)
def test_ack_and_bye_reach_a_callee_whatever_his_contact_says(
    tmp_path: Path, peers: Make, place: str
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        caller = called(peers, task)
        callee.place = place
        callee.answer(callee.expect("INVITE"))
        assert callee.expect("ACK", 2).line == f"ACK sip:peer@{place} SIP/2.0"
        caller.hang_up()
        callee.expect("BYE", 2)
        task.wait_idle()


@pytest.mark.parametrize("host", [NAME, "10.255.255.1"])
def test_requests_go_to_the_callee_whatever_the_record_route_says(
    tmp_path: Path, peers: Make, host: str
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        caller = called(peers, task)
        callee.answer(callee.expect("INVITE"), f"Record-Route: <sip:{host};lr>")
        assert callee.expect("ACK", 2).header("route") == f"<sip:{host};lr>"
        caller.hang_up()
        callee.expect("BYE", 2)


@pytest.mark.parametrize("place", [NAME, "10.255.255.1"])
def test_bye_reaches_a_caller_whatever_his_contact_says(tmp_path: Path, peers: Make, place: str) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        caller = peers(Caller, task.sip_port)
        caller.place = place
        caller.call()
        caller.picked_up()
        invite = callee.expect("INVITE")
        callee.answer(invite)
        callee.expect("ACK")
        callee.request("BYE", invite)
        assert caller.expect("BYE", 2).line == f"BYE sip:peer@{place} SIP/2.0"


def test_address_in_a_contact_that_the_guard_lets_through_is_sent_to(tmp_path: Path, peers: Make) -> None:
    """A proxy that does not stay in the path (RFC 3261 §12.2.1.1)."""
    proxy, callee = peers(Peer), peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(proxy))}) as task:
        caller = called(peers, task)
        proxy.place = callee.place
        proxy.answer(proxy.expect("INVITE"))
        callee.expect("ACK", 2)
        caller.hang_up()
        callee.expect("BYE", 2)
        assert proxy.count("ACK") == 0


def test_responses_go_to_who_asked_whatever_his_via_says(tmp_path: Path, peers: Make) -> None:
    with task_running(tmp_path, {MAIN: "<Response><Say>Hello</Say></Response>"}) as task:
        caller = peers(Caller, task.sip_port)
        caller.call(via=f";maddr={ELSEWHERE}")
        caller.picked_up(3)


def test_invite_goes_to_the_host_that_was_judged_whatever_its_maddr_says(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(f"{callee.uri};maddr={ELSEWHERE}")}) as task:
        called(peers, task)
        assert "maddr" in callee.expect("INVITE", 3).line


def test_dns_that_never_answers_holds_up_no_other_call(
    tmp_path: Path, peers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = shutil.which("gcc")
    assert compiler, "gcc is missing: run `make setup`"
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(SLOW)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    callees = [peers(Peer) for _ in range(3)]
    monkeypatch.setenv("LD_PRELOAD", str(library))
    with task_running(tmp_path, {MAIN: dial(*map(sip, callees))}) as task:
        caller, other = called(peers, task), peers(Caller, task.sip_port)
        invites = [callee.expect("INVITE") for callee in callees]
        callees[0].place = NAME
        started = time.monotonic()
        callees[0].answer(invites[0])
        other.call()
        other.picked_up(3)
        callees[0].expect("ACK", 3)
        caller.hang_up()
        callees[0].expect("BYE", 3)
        assert time.monotonic() - started < 4


@pytest.mark.parametrize("kind", ["tls", "tcp"])
def test_connection_that_is_up_carries_the_requests_to_a_contact_by_name(
    tmp_path: Path, sipp: Start, kind: str
) -> None:
    with dialled_by_name(tmp_path, kind, parameters=f"transport={kind}", contact=NAME) as (phone, task):
        assert talks(sipp, task)
        wait_until(lambda: len(task.events("bridged")) == 1)
        wait_until(lambda: "DISCONNECTED" in str(phone.of("state")))


@pytest.mark.parametrize(("second", "byes"), [("pbx.example", 1), ("other.example", 0)])
def test_new_connection_of_a_dialog_needs_the_certificate_of_the_dialled_name(
    tmp_path: Path, peers: Make, second: str, byes: int
) -> None:
    issuer = authority(tmp_path)
    names = ["pbx.example", second]
    callee = peers(TlsPeer, [certificate(tmp_path, issuer, name) for name in names], NAME)
    with (
        name_server("pbx.example A 127.0.0.1") as dns,
        task_running(
            tmp_path,
            {MAIN: dial(f"sips:bob@pbx.example:{callee.port}")},
            NAME_SERVERS=dns.address,
            TLS_CA_FILE=str(issuer.cert),
        ) as task,
    ):
        caller = called(peers, task)
        wait_until(lambda: "ACK" in callee.methods)
        callee.lose_connection()
        caller.hang_up()
        wait_until(lambda: len(callee.asked) == 2)
        assert callee.asked == ["pbx.example", "pbx.example"]
        wait_until(lambda: callee.methods.count("BYE") == byes)
        time.sleep(0.5)
        assert callee.methods.count("BYE") == byes
