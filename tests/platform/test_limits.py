"""An account at its limit, over real SIP: the leg above it is never INVITEd, and the slot comes back."""

from __future__ import annotations

import secrets

from chalicelib.calls.routing.policy import Limits, Policy
from chalicelib.calls.session import Application, StatusHook
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.table import Table
from tests.platform.scene import Call, Callee, Scene, document, element
from tests.waiting import wait_until
from tests.webhooks.servers import application


def limited(scene: Scene, domain: str, url: str, limits: Limits) -> None:
    """Let calls to ``domain`` run the document at ``url`` for an account of their own."""
    stack = scene.local.stack
    accounts = Accounts(Table(scene.local.cloud.dynamodb(), stack["AccountsTable"]))
    account = "AC" + secrets.token_hex(16)
    accounts.save_account(account, secrets.token_hex(16), Policy(limits=limits))
    accounts.save_application(
        domain, Application(account, url=url, status_hook=StatusHook(scene.hooks.url()))
    )


def ends(scene: Scene, user: str) -> list[dict[str, str]]:
    """What was said of the legs to ``user`` at their ends."""
    forms = [request.form for request in list(scene.hooks.requests)]
    mine = [form for form in forms if form["To"].startswith(f"sip:{user}@")]
    return [form for form in mine if form["StatusCallbackEvent"] == "completed"]


def test_leg_above_the_limit_fails_unheard_of_and_its_slot_is_the_next_callers(
    scene: Scene, callee: Callee, call: Call
) -> None:
    first, second, third = callee("callee"), callee("callee"), callee("callee")
    once_more = scene.sip(f"sip:limited2@127.0.0.1:{third.port}")
    nouns = [scene.sip(f"sip:limited{n}@127.0.0.1:{peer.port}") for n, peer in enumerate((first, second))]
    with (
        application(document(element("Dial", "".join(nouns), timeLimit="1"))) as app,
        application(document(element("Dial", once_more, timeLimit="1"))) as later,
    ):
        limited(scene, "limited.example", app.url("/voice"), Limits(concurrent_calls=1))
        assert call("caller_stays", "limited.example").wait() == 0
        assert first.wait() == 0
        wait_until(lambda: ends(scene, "limited0") and ends(scene, "limited1"))
        [end] = ends(scene, "limited1")
        assert (end["CallStatus"], end["ErrorCode"]) == ("failed", "10004")
        assert "SipResponseCode" not in end
        assert "INVITE" not in second.messages()
        [talked] = ends(scene, "limited0")
        assert (talked["CallStatus"], talked["SipResponseCode"]) == ("completed", "200")
        account = talked["AccountSid"]
        accounts = Accounts(Table(scene.local.cloud.dynamodb(), scene.local.stack["AccountsTable"]))
        accounts.save_application("later.example", Application(account, url=later.url("/voice")))
        assert call("caller_stays", "later.example").wait() == 0
        assert third.wait() == 0
