"""An account's rules over real SIP: what a name resolves to is judged before any INVITE."""

from __future__ import annotations

import secrets

from chalicelib.calls.routing.policy import HostRules, Policy
from chalicelib.calls.session import Application, StatusHook
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.table import Table
from tests.platform.scene import Call, Callee, Scene, document, element
from tests.waiting import wait_until
from tests.webhooks.servers import application


def ruled(scene: Scene, domain: str, url: str, rules: HostRules) -> None:
    """Let calls to ``domain`` run the document at ``url`` for an account of their own."""
    accounts = Accounts(Table(scene.local.cloud.dynamodb(), scene.local.stack["AccountsTable"]))
    account = "AC" + secrets.token_hex(16)
    accounts.save_account(account, secrets.token_hex(16), Policy(rules))
    accounts.save_application(
        domain, Application(account, url=url, status_hook=StatusHook(scene.hooks.url()))
    )


def end_of(scene: Scene, user: str) -> dict[str, str]:
    """What was said of the leg to ``user`` at its end."""

    def ends() -> list[dict[str, str]]:
        forms = [request.form for request in list(scene.hooks.requests)]
        mine = [form for form in forms if form["To"].startswith(f"sip:{user}@")]
        return [form for form in mine if form["StatusCallbackEvent"] == "completed"]

    found: dict[str, str] = wait_until(ends)[0]
    return found


def test_name_that_leads_to_a_refused_network_is_13254_and_gets_no_invite(
    scene: Scene, callee: Callee, call: Call
) -> None:
    bob = callee("callee")
    noun = scene.sip(f"sip:ruled0@localhost:{bob.port}")
    with application(document(element("Dial", noun))) as app:
        ruled(scene, "network.example", app.url("/voice"), HostRules(refused_hosts=("127.0.0.0/8",)))
        assert call("caller_stays", "network.example").wait() == 0
    assert (end_of(scene, "ruled0")["CallStatus"], end_of(scene, "ruled0")["ErrorCode"]) == (
        "failed",
        "13254",
    )
    assert "INVITE" not in bob.messages()


def test_refused_port_is_13254_and_the_other_leg_talks(scene: Scene, callee: Callee, call: Call) -> None:
    bob, carol = callee("callee"), callee("callee")
    nouns = [scene.sip(f"sip:ruled{n}@127.0.0.1:{peer.port}") for n, peer in ((1, bob), (2, carol))]
    with application(document(element("Dial", "".join(nouns), timeLimit="1"))) as app:
        rules = HostRules(allowed_hosts=("127.0.0.0/8",), refused_ports=(str(bob.port),))
        ruled(scene, "port.example", app.url("/voice"), rules)
        assert call("caller_stays", "port.example").wait() == 0
    assert carol.wait() == 0
    assert end_of(scene, "ruled1")["ErrorCode"] == "13254"
    assert end_of(scene, "ruled2")["CallStatus"] == "completed"
    assert "INVITE" not in bob.messages()
