"""POST Calls: what it takes, what it refuses, and that a repeated request makes one call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.calls.protocol import encode
from chalicelib.calls.routing.policy import HostRules, Policy
from tests.storage.cloud import ACCOUNT, TOKEN, Cloud

from .api_client import BASE, FORM, LONG_PASSWORD, PASSWORD, Api, claim, offered


def test_created_call_is_queued_and_offered_to_the_tasks(cloud: Cloud, api: Api) -> None:
    answer = api.create()
    assert answer.status_code == 201
    call = answer.json_body
    assert (call["status"], call["direction"], call["to"]) == ("queued", "outbound-api", FORM["To"])
    assert (call["start_time"], call["duration"]) == (None, None)
    assert call["uri"] == f"{BASE}/Calls/{call['sid']}.json"
    assert offered(cloud) == [call["sid"]]


def test_claimed_call_dials_as_the_request_said(cloud: Cloud, api: Api, step: Client) -> None:
    sid = api.create(
        To="sip:bob@example.net;transport=tcp?X-Order=7", Timeout="20", TimeLimit="100",
        SipAuthUsername="bob", SipAuthPassword=PASSWORD,
    ).json_body["sid"]  # fmt: skip
    (invite,) = cloud.step(step, claim(sid)).commands
    wire = json.loads(encode(invite))
    assert (wire["leg"]["timeout"], wire["time_limit"], wire["leg"]["username"]) == (20, 100, "bob")
    assert ["X-Order", "7"] in wire["leg"]["headers"]
    assert wire["leg"]["password"].startswith("sealed:")


def test_password_is_nowhere_in_clear(
    cloud: Cloud, api: Api, step: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    rcml = f'<Response><Dial><Sip username="a" password="{PASSWORD}">sip:c@d.example</Sip></Dial></Response>'
    answer = api.create(Url=None, Rcml=rcml, SipAuthUsername="bob", SipAuthPassword=PASSWORD, key="k")
    assert answer.status_code == 201
    cloud.step(step, claim(answer.json_body["sid"]))
    shown = api.get(f"/Calls/{answer.json_body['sid']}.json").body + answer.body
    out, err = capfd.readouterr()
    stored = json.dumps(cloud.rows()) + json.dumps([m["Body"] for m in cloud.received(cloud.outbound_url)])
    assert PASSWORD not in stored + out + err + shown.decode()


@pytest.mark.parametrize("to", ["sip:bob:{}@example.net", "sip:bob:{}@refused.example;transport=tcp?X-A=1"])
def test_password_in_a_uri_is_neither_kept_nor_shown(cloud: Cloud, api: Api, step: Client, to: str) -> None:
    policy = Policy(rules=HostRules(refused_hosts=("refused.example",)))
    cloud.accounts.save_account(ACCOUNT, TOKEN, policy)
    answer = api.create(To=to.format(PASSWORD), From=f"sip:desk:{PASSWORD}@example.com")
    assert answer.status_code == 201
    assert PASSWORD not in answer.body.decode()
    cloud.step(step, claim(answer.json_body["sid"]))
    shown = api.get(f"/Calls/{answer.json_body['sid']}.json").body.decode()
    assert PASSWORD not in shown + json.dumps(cloud.rows())


@pytest.mark.parametrize("name", ["Rcml", "Twiml"])
def test_document_can_come_with_the_request(cloud: Cloud, api: Api, name: str) -> None:
    sid = api.create(Url=None, **{name: "<Response><Hangup/></Response>"}).json_body["sid"]
    row = cloud.log.read(sid, 0)
    assert row is not None
    assert row.state.application is not None
    assert row.state.application.rcml == "<Response><Hangup/></Response>"


@pytest.mark.parametrize("events", ["answered, ringing", ["answered", "ringing"], "answered ringing"])
def test_status_callback_events_in_every_spelling(cloud: Cloud, api: Api, events: Any) -> None:
    sid = api.create(StatusCallback="https://a.example/s", StatusCallbackEvent=events).json_body["sid"]
    row = cloud.log.read(sid, 0)
    assert row is not None
    hook = row.state.parent.hook
    assert hook is not None
    assert hook.events == ("ringing", "answered")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21201),
        ({"To": "somebody"}, 21211),
        ({"To": "client:"}, 21211),
        ({"To": "+4930", "SipAuthUsername": "u"}, 21226),
        ({"To": "sip:bo b@example.net"}, 21211),
        ({"To": "sip:b@example.net?X-A=" + "1" * 1024}, 21227),
        ({"From": None}, 21213),
        ({"From": "two words"}, 21212),
        ({"Url": None}, 21205),
        ({"Url": "ftp://example.com"}, 21205),
        ({"Url": "http://[bad"}, 21205),
        ({"Rcml": "<Response/>"}, 21205),
        ({"Url": None, "Rcml": "x" * 70_000}, 21262),
        ({"Method": "PUT"}, 20001),
        ({"FallbackUrl": "/relative"}, 21402),
        ({"StatusCallback": "nowhere"}, 21402),
        ({"StatusCallback": "https://a.example/", "StatusCallbackEvent": "hungup"}, 21626),
        ({"Timeout": "0"}, 20001),
        ({"Timeout": "1e2"}, 20001),
        ({"TimeLimit": "86401"}, 20001),
        ({"SipAuthPassword": PASSWORD}, 21226),
        ({"SipAuthUsername": "bob", "SipAuthPassword": "ä" * 2049}, 21226),
        ({"Url": None, "Rcml": LONG_PASSWORD}, 21262),
        ({"Record": "true"}, 20001),
        ({"Record": "maybe"}, 20001),
        ({"MachineDetection": "Enable"}, 20001),
        ({"to": "sip:bob@example.net"}, 20001),
    ],
)
def test_wrong_parameter_is_named_by_its_code(
    cloud: Cloud, api: Api, changes: dict[str, Any], code: int
) -> None:
    answer = api.create(**changes)
    assert answer.status_code == 400
    assert answer.json_body["code"] == code
    assert set(answer.json_body) == {"code", "message", "more_info", "status"}
    assert PASSWORD not in answer.body.decode()
    assert offered(cloud) == []


def test_parameter_that_is_not_supported_is_named(api: Api) -> None:
    message = api.create(MachineDetection="Enable", SendDigits="1").json_body["message"]
    assert "MachineDetection, SendDigits" in message


def test_longest_password_and_no_recording_are_taken(api: Api) -> None:
    answer = api.create(SipAuthUsername="bob", SipAuthPassword="ä" * 2048, Record="false")
    assert answer.status_code == 201


# -- idempotency
def test_same_idempotency_key_makes_one_call(cloud: Cloud, api: Api) -> None:
    password = {"SipAuthUsername": "bob", "SipAuthPassword": PASSWORD}
    first, second = api.create(key="order-7", **password), api.create(key="order-7", **password)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json_body["sid"] == second.json_body["sid"]
    assert len(api.get("/Calls.json").json_body["calls"]) == 1


def test_idempotency_key_of_another_request_is_a_conflict(cloud: Cloud, api: Api) -> None:
    api.create(key="order-7")
    answer = api.create(key="order-7", To="sip:eve@example.net")
    assert (answer.status_code, answer.json_body["code"]) == (409, 20409)


def test_call_that_runs_is_not_offered_again_by_a_repeated_request(
    cloud: Cloud, api: Api, step: Client
) -> None:
    sid = api.create(key="order-7").json_body["sid"]
    cloud.step(step, claim(sid))
    offered(cloud)
    assert api.create(key="order-7").json_body["sid"] == sid
    row = cloud.log.read_last(sid)
    assert row is not None
    assert row.number == 1
