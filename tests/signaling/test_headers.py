"""Custom headers and the length of a URI, on the wire."""

from __future__ import annotations

import json
from pathlib import Path

from tests.signaling.documents import AFTER, MAIN, dial
from tests.signaling.peer import Caller, Make, Peer
from tests.signaling.task import action, called, task_running
from tests.waiting import wait_until

HEADERS = (
    "mixedCASE=1&amp;x-lower=2&amp;X-Equals=a=b==&amp;X-Plus=1+1&amp;X-Coded=1%2B1&amp;X-Name=J%C3%BCrgen"
    "&amp;X-Evil=a%0d%0aX-Injected:%20yes&amp;X-CallAPI-CallSid=mine"
)


def test_custom_headers_arrive_as_the_contract_reads_them(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(f"{callee.uri}?{HEADERS}")}) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        sent = [(name, value) for name, value in invite.headers() if name.lower().startswith("x-")]
        assert [header for header in sent if not header[0].startswith("X-CallAPI-")] == [
            ("X-mixedCASE", "1"), ("x-lower", "2"), ("X-Equals", "a=b=="), ("X-Plus", "1+1"), ("X-Coded", "1+1"),
            ("X-Name", "Jürgen"),
        ]  # fmt: skip
        assert "mine" not in invite.text
        assert "njected" not in invite.text


def test_x_header_of_unknown_case_reaches_the_application_as_it_was(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(callee.uri, attributes=f'action="{AFTER}"')}) as task:
        called(peers, task)
        callee.reply(callee.expect("INVITE"), "486 Busy Here", "x-wHY: because=of", "X-WHY: too")
        assert action(task)["DialSipHeader_x-wHY"] == "because=of,too"


def test_uri_of_254_characters_is_dialled_and_one_of_255_fails_alone(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    host = f"@127.0.0.1:{callee.port}"
    uris = [f"sip:{'u' * (length - len('sip:') - len(host))}{host}" for length in (254, 255)]
    assert [len(uri) for uri in uris] == [254, 255]
    with task_running(tmp_path, {MAIN: dial(*uris, attributes=f'action="{AFTER}"')}) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        assert invite.line == f"INVITE {uris[0]} SIP/2.0"
        callee.reply(invite, "486 Busy Here")
        legs = json.loads(action(task)["DialLegs"])
        assert [leg.get("errorCode") for leg in legs] == [None, 13243]
        assert callee.count("INVITE") == 1


def test_headers_of_1023_characters_are_sent_and_those_of_1024_fail_the_leg_alone(
    tmp_path: Path, peers: Make
) -> None:
    callee = peers(Peer)
    parts = [f"X-Long={'v' * (length - len('X-Long='))}" for length in (1023, 1024)]
    uris = [f"{callee.uri}?{part}" for part in parts]
    with task_running(tmp_path, {MAIN: dial(*uris, attributes=f'action="{AFTER}"')}) as task:
        called(peers, task)
        invite = callee.expect("INVITE")
        assert len(invite.header("x-long")) == 1023 - len("X-Long=")
        callee.reply(invite, "486 Busy Here")
        legs = json.loads(action(task)["DialLegs"])
        assert [leg.get("errorCode") for leg in legs] == [None, 13253]
        assert callee.count("INVITE") == 1


def test_noun_that_is_no_uri_leaves_the_caller_on_the_line(tmp_path: Path, peers: Make) -> None:
    with task_running(
        tmp_path, {MAIN: "<Response><Dial><Sip>nonsense</Sip></Dial><Pause/></Response>"}
    ) as task:
        caller = peers(Caller, task.sip_port)
        caller.call()
        caller.picked_up()
        caller.expect("BYE")
        wait_until(lambda: task.events("performed"))
