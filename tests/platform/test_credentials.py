"""A stored secret answers the callee's challenge, over real SIP, and is nowhere to be read."""

from __future__ import annotations

import json

import pytest

from callapi.deployment import STACK
from tests.platform.scene import Call, Callee, Scene, document, element
from tests.webhooks.servers import application

PASSWORD = "wonderland"


def store(scene: Scene, account: str, name: str, value: str) -> None:
    scene.local.cloud.client("ssm").put_parameter(
        Name=f"/{STACK}/credentials/{account}/{name}", Value=value, Type="SecureString"
    )


def test_stored_secret_answers_the_challenge_and_is_in_no_log(
    scene: Scene, callee: Callee, call: Call
) -> None:
    account = scene.local.running.ready.account_sid
    store(scene, account, "trunk", json.dumps({"username": "alice", "password": PASSWORD}))
    bob = callee("callee_challenges")
    noun = scene.sip(f"sip:bob@127.0.0.1:{bob.port}", credentialRef="trunk")
    with application(document(element("Dial", noun, timeLimit="1"))) as app:
        scene.serve("stored.example", app.url("/voice"))
        assert call("caller_stays", "stored.example").wait() == 0
    assert bob.wait() == 0
    [leg] = scene.legs(scene.finished_call("stored.example")["sid"], 1)
    assert leg["status"] == "completed"
    written = "".join(path.read_text(errors="replace") for path in scene.local.folder.glob("*.log"))
    for row in scene.log(leg["parent_call_sid"]):
        written += repr(row)
    assert PASSWORD not in written


@pytest.mark.parametrize(
    ("name", "value"), [("missing", ""), ("broken", '{"username": "alice"}'), ("../trunk", "")]
)
def test_secret_that_cannot_be_used_is_13249_and_nobody_is_called(
    scene: Scene, callee: Callee, call: Call, name: str, value: str
) -> None:
    if value:
        store(scene, scene.local.running.ready.account_sid, name, value)
    bob = callee("callee")
    domain = f"{name.replace('/', 'x').replace('.', '')}.example"
    noun = scene.sip(f"sip:bob@127.0.0.1:{bob.port}", credentialRef=name)
    with application(document(element("Dial", noun))) as app:
        scene.serve(domain, app.url("/voice"))
        assert call("caller_stays", domain).wait() == 0
    [leg] = scene.legs(scene.finished_call(domain)["sid"], 1)
    [end] = scene.completed(leg["sid"])
    assert (end["CallStatus"], end["ErrorCode"]) == ("failed", "13249")
    assert "INVITE" not in bob.messages()


def test_secret_of_another_account_cannot_be_named(scene: Scene, callee: Callee, call: Call) -> None:
    other = "AC" + "f" * 32
    store(scene, other, "theirs", json.dumps({"username": "alice", "password": PASSWORD}))
    bob = callee("callee")
    noun = scene.sip(f"sip:bob@127.0.0.1:{bob.port}", credentialRef="theirs")
    with application(document(element("Dial", noun))) as app:
        scene.serve("theirs.example", app.url("/voice"))
        assert call("caller_stays", "theirs.example").wait() == 0
    [leg] = scene.legs(scene.finished_call("theirs.example")["sid"], 1)
    assert scene.completed(leg["sid"])[0]["ErrorCode"] == "13249"
