"""The ways of a call beside a SIP URI, through every part of the platform: a client, a number, a transfer."""

from __future__ import annotations

import secrets

from chalicelib.calls.events import Bridged
from chalicelib.calls.routing.policy import Policy
from chalicelib.calls.routing.trunks import Trunk
from chalicelib.calls.session import Application, StatusHook
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.table import Table
from tests.platform.scene import HANG_UP, Call, Callee, Scene, document, element
from tests.signaling.peer import Peer
from tests.signaling.softphone import registering_softphone
from tests.waiting import wait_until
from tests.webhooks.servers import application

TALK = {"timeLimit": "1"}


def accounts(scene: Scene) -> Accounts:
    return Accounts(Table(scene.local.cloud.dynamodb(), scene.local.stack["AccountsTable"]))


def test_softphone_that_registered_is_called_as_a_client(scene: Scene, call: Call) -> None:
    account = scene.local.running.ready.account_sid
    accounts(scene).save_client(account, "carol", "wonderland-42", ("127.0.0.1",))
    client = element("Client", "carol?order=7", statusCallback=scene.hooks.url())
    with (
        registering_softphone(scene.sip_port, "carol", "wonderland-42") as phone,
        application(HANG_UP) as action,
        application(document(element("Dial", client, action=action.url(), **TALK))) as app,
    ):
        wait_until(lambda: phone.of("registered") == [200])
        scene.serve("clients.example", app.url())
        assert call("caller_stays", "clients.example").wait() == 0
        [invite] = phone.of("invite")
        assert "\r\nTo: <sip:carol@127.0.0.1" in invite
        assert "\r\nX-order: 7\r\n" in invite
        parent = scene.finished_call("clients.example")
        [leg] = scene.legs(parent["sid"], 1)
        assert (leg["to"], leg["status"]) == ("client:carol", "completed")
        [told] = [request.form for request in action.requests]
        assert (told["DialCallStatus"], told["DialBridged"]) == ("completed", "true")


def test_number_is_called_through_the_trunk_of_the_account(scene: Scene, callee: Callee, call: Call) -> None:
    carrier = callee("callee")
    account = "AC" + secrets.token_hex(16)
    trunk = Trunk(f"127.0.0.1:{carrier.port}", prefixes=("+49",), strip=3, prepend="0")
    number = element("Number", "+49 30 1234", statusCallback=scene.hooks.url())
    with application(document(element("Dial", number, **TALK))) as app:
        accounts(scene).save_account(account, secrets.token_hex(16), Policy(trunks=(trunk,)))
        hook = StatusHook(scene.hooks.url())
        accounts(scene).save_application(
            "numbers.example", Application(account, url=app.url(), status_hook=hook)
        )
        assert call("caller_stays", "numbers.example").wait() == 0
    assert carrier.wait() == 0
    assert f"INVITE sip:0301234@127.0.0.1:{carrier.port} SIP/2.0" in carrier.messages()
    wait_until(lambda: [r for r in list(scene.hooks.requests) if r.form["To"] == "+49 30 1234"])


def test_callee_who_refers_hands_the_caller_over_to_the_applications_document(
    scene: Scene, callee: Callee, call: Call
) -> None:
    target = callee("callee")
    bob = Peer()
    try:
        onward = element("Dial", scene.sip(f"sip:carol@127.0.0.1:{target.port}"), **TALK)
        with application(document(onward)) as refer, application(HANG_UP) as action:
            noun = scene.sip(bob.uri)
            first = element("Dial", noun, referUrl=refer.url("/refer"), action=action.url())
            with application(document(first)) as app:
                scene.serve("transfer.example", app.url())
                caller = call("caller_stays", "transfer.example")
                invite = bob.expect("INVITE")
                bob.answer(invite)
                bob.expect("ACK")
                sid = invite.header("x-callapi-parentcallsid")
                wait_until(lambda: Bridged in [type(event) for row in scene.log(sid) for event in row.events])
                bob.request("REFER", invite, "Refer-To: <sip:carol@example.net>")
                bob.expect("SIP/2.0 202")
                assert [bob.expect("NOTIFY").body.strip() for _ in range(2)][-1] == "SIP/2.0 200 OK"
                bob.expect("BYE")
                assert caller.wait() == 0
                assert target.wait() == 0
            [asked] = refer.requests
            assert asked.form["ReferTransferTarget"] == "sip:carol@example.net"
            assert asked.headers["x-callapi-signature"]
            parent = scene.finished_call("transfer.example")
            assert {leg["status"] for leg in scene.legs(parent["sid"], 2)} == {"completed"}
            assert len(action.requests) == 1
    finally:
        bob.close()
