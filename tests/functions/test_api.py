from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import msgspec
import pytest
from chalice.test import Client

from chalicelib.calls.commands import Invite, Perform, Say
from chalicelib.calls.events import Answered, CallChange, Claimed, Ended
from chalicelib.calls.protocol import ChangeRequest, OutboundCall, StepRequest, decode, encode
from tests.functions.gateway import gateway_event
from tests.storage.cloud import ACCOUNT, CALLER, NOW, TOKEN, Cloud, function, loaded
from tests.storage.step_requests import bridged, fetched, incoming, leg, request

BASE = f"/2012-04-24/Accounts/{ACCOUNT}"
FORM = {"To": "sip:bob@example.net", "From": "+4930123", "Url": "https://app.example.com/v"}
PASSWORD = "s3cr3t-pass"
LONG_PASSWORD = f'<Response><Dial><Sip username="a" password="{"p" * 4097}">sip:c@d.e</Sip></Dial></Response>'
NONE: Mapping[str, str] = {}


class Api:
    """The API as an HTTP client with the account's credentials sees it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.credentials = f"{ACCOUNT}:{TOKEN}"

    def send(
        self, method: str, path: str, form: dict[str, Any] | None = None, headers: Mapping[str, str] = NONE
    ) -> Any:
        basic = base64.b64encode(self.credentials.encode()).decode()
        sent = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form or {}, doseq=True).encode()
        return self._client.http.request(method, path, headers={**sent, **headers}, body=body)

    def create(self, key: str = "", **changes: Any) -> Any:
        form = {name: value for name, value in (FORM | changes).items() if value is not None}
        return self.send("POST", f"{BASE}/Calls.json", form, {"Idempotency-Key": key} if key else NONE)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", BASE + path, None, headers)

    def end(self, sid: str, status: str = "completed") -> Any:
        return self.modify(sid, Status=status)

    def modify(self, sid: str, **form: str) -> Any:
        return self.send("POST", f"{BASE}/Calls/{sid}.json", form)


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Api]:
    with function("api") as client:
        yield Api(client)


def offered(cloud: Cloud) -> list[str]:
    """The sessions that lie in the outbound queue."""
    return [decode(m["Body"], OutboundCall).session for m in cloud.received(cloud.outbound_url)]


def asked(cloud: Cloud) -> list[ChangeRequest]:
    """What lies in the queue of the task, each under an id of its own, which is left out here."""
    found = [decode(m["Body"], ChangeRequest) for m in cloud.received(cloud.task_url)]
    assert len({one.id for one in found} - {""}) == len(found)
    return [msgspec.structs.replace(one, id="") for one in found]


def claim(session: str, task: str = "task-1") -> StepRequest:
    return StepRequest(session, 1, (Claimed(at=NOW + 1, entropy="c", task=task),), 0, task)


def call_up(cloud: Cloud, step: Client) -> str:
    first = cloud.step(step, request(0, incoming()))
    child = leg(cloud.step(step, request(1, fetched(first))))
    cloud.step(step, request(2, *bridged(child)))
    cloud.heartbeat("task-1", cloud.task_url, NOW)
    return child


# -- creating ---------------------------------------------------------------------------------------------------------
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


# -- idempotency ------------------------------------------------------------------------------------------------------
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


# -- claiming and ending ----------------------------------------------------------------------------------------------
def test_call_claimed_by_two_tasks_is_placed_by_one(cloud: Cloud, api: Api, step: Client) -> None:
    sid = api.create().json_body["sid"]
    assert not cloud.step(step, claim(sid, "task-1")).fenced
    late = cloud.step(step, claim(sid, "task-2"))
    assert (late.fenced, late.commands) == (True, ())


@pytest.mark.parametrize("status", ["canceled", "completed"])
def test_queued_call_is_ended_at_once_and_no_task_can_claim_it(
    cloud: Cloud, api: Api, step: Client, status: str
) -> None:
    sid = api.create(StatusCallback="https://a.example/s").json_body["sid"]
    answer = api.end(sid, status)
    assert (answer.status_code, answer.json_body["status"]) == (200, "canceled")
    assert cloud.step(step, claim(sid)).fenced
    assert [c.parameters["CallStatus"] for c in cloud.callbacks()] == ["canceled"]


def test_call_ended_while_a_task_claims_it_is_ended_by_exactly_one(
    cloud: Cloud, api: Api, step: Client
) -> None:
    cloud.heartbeat("task-1", cloud.task_url, NOW)
    for _ in range(5):
        sid = api.create().json_body["sid"]
        start = threading.Barrier(2)
        claimed: list[bool] = []

        def claiming(sid: str = sid, start: threading.Barrier = start, claimed: list[bool] = claimed) -> None:
            start.wait()
            claimed.append(not cloud.step(step, claim(sid)).fenced)

        thread = threading.Thread(target=claiming)
        thread.start()
        start.wait()
        assert api.end(sid).status_code == 200
        thread.join()
        assert asked(cloud) == ([ChangeRequest(sid, sid, CallChange("completed"))] if claimed[0] else [])


def test_running_call_is_ended_by_its_task(cloud: Cloud, api: Api, step: Client) -> None:
    child = call_up(cloud, step)
    assert api.end(child).status_code == 200
    assert asked(cloud) == [ChangeRequest(CALLER, child, CallChange("completed"))]


def test_answered_call_cannot_be_canceled(cloud: Cloud, api: Api, step: Client) -> None:
    child = call_up(cloud, step)
    answer = api.end(child, "canceled")
    assert (answer.status_code, answer.json_body["code"]) == (400, 21220)
    assert asked(cloud) == []


def test_call_of_a_task_that_is_gone_can_be_asked_for_again_later(
    cloud: Cloud, api: Api, step: Client
) -> None:
    child = call_up(cloud, step)
    cloud.dynamodb.delete_item(TableName="calls", Key={"pk": {"S": "tasks"}, "sk": {"S": "task-1"}})
    assert api.end(child).status_code == 503


@pytest.mark.parametrize("name", ["Rcml", "Twiml"])
def test_running_call_is_sent_to_a_document_by_its_task(
    cloud: Cloud, api: Api, step: Client, name: str
) -> None:
    child = call_up(cloud, step)
    rcml = "<Response><Say>Hello</Say></Response>"
    by_url = api.modify(child, Url="https://app.example.com/next", Method="get", MoveConnectedCallLeg="true")
    inline = api.modify(CALLER, **{name: rcml})
    assert (by_url.status_code, by_url.json_body["sid"]) == (200, child)
    assert inline.status_code == 200
    assert sorted(asked(cloud), key=lambda one: one.call == CALLER) == [
        ChangeRequest(
            CALLER,
            child,
            change=CallChange("", "https://app.example.com/next", "GET", with_peer=True),
        ),
        ChangeRequest(CALLER, CALLER, CallChange(rcml=rcml)),
    ]


def test_password_in_a_new_document_is_sealed_on_its_way(cloud: Cloud, api: Api, step: Client) -> None:
    call_up(cloud, step)
    rcml = f'<Response><Dial><Sip username="a" password="{PASSWORD}">sip:c@d.example</Sip></Dial></Response>'
    answer = api.modify(CALLER, Rcml=rcml)
    (modification,) = asked(cloud)
    assert 'password="sealed:' in modification.change.rcml
    assert PASSWORD not in modification.change.rcml + answer.body.decode()


def test_queued_call_runs_the_new_document_when_its_task_has_dialled_it(
    cloud: Cloud, api: Api, step: Client
) -> None:
    sid = api.create().json_body["sid"]
    rcml = "<Response><Say>Hello</Say></Response>"
    assert api.modify(sid, Rcml=rcml).status_code == 200
    assert rcml not in json.dumps([row for row in cloud.rows() if row["pk"] == {"S": sid}])
    claimed = StepRequest(sid, 2, (Claimed(at=NOW + 1, entropy="c", task="t"),), 0, "t")
    assert [
        command.leg.call for command in cloud.step(step, claimed).commands if isinstance(command, Invite)
    ] == [sid]
    answered = StepRequest(sid, 3, (Answered(at=NOW + 2, entropy="d", call=sid),), 0, "t")
    (performance,) = cloud.step(step, answered).commands
    assert isinstance(performance, Perform)
    assert performance.items == (Say("Hello"),)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 20001),
        ({"Status": "paused"}, 20001),
        ({"Status": "completed", "Url": "https://a.example/"}, 20001),
        ({"Url": "https://a.example/", "Rcml": "<Response/>"}, 20001),
        ({"Status": "completed", "MoveConnectedCallLeg": "true"}, 20001),
        ({"Url": "/relative"}, 21205),
        ({"Url": "https://a.example/", "Method": "PUT"}, 20001),
        ({"Url": "https://a.example/", "MoveConnectedCallLeg": "yes"}, 20001),
        ({"Url": "https://a.example/", "Mute": "true"}, 20001),
        ({"Rcml": "x" * 70_000}, 21262),
        ({"Rcml": "\N{GRINNING FACE}" * 60_000}, 21262),
        ({"Rcml": LONG_PASSWORD}, 21262),
    ],
)
def test_wrong_change_is_named_by_its_code_and_nothing_is_asked_of_the_task(
    cloud: Cloud, api: Api, step: Client, form: dict[str, str], code: int
) -> None:
    call_up(cloud, step)
    answer = api.modify(CALLER, **form)
    assert (answer.status_code, answer.json_body["code"]) == (400, code)
    assert asked(cloud) == []


@pytest.mark.parametrize(
    "form", [{"Url": "https://a.example/"}, {"Rcml": "<Response/>"}, {"Status": "completed"}]
)
def test_call_that_is_over_cannot_be_changed(
    cloud: Cloud, api: Api, step: Client, form: dict[str, str]
) -> None:
    child = call_up(cloud, step)
    cloud.step(step, request(3, Ended(at=NOW + 9, entropy="e9", call=child, code=200)))
    answer = api.modify(child, **form)
    assert (answer.status_code, answer.json_body["code"]) == (400, 21220)
    assert asked(cloud) == []


# -- authentication ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "credentials", [f"{ACCOUNT}:wrong", f"{ACCOUNT}:", f"AC{'9' * 32}:{TOKEN}", ":", ACCOUNT, "\udc80:x"]
)
def test_wrong_credentials_are_refused(cloud: Cloud, api: Api, credentials: str) -> None:
    api.credentials = credentials.encode("utf-8", "replace").decode()
    answer = api.get("/Calls.json")
    assert (answer.status_code, answer.json_body["code"]) == (401, 20003)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer abc", "Basic /w=="])
def test_broken_authorization_header_is_refused(cloud: Cloud, api: Api, header: str) -> None:
    assert api.get("/Calls.json", Authorization=header).status_code == 401


def test_account_cannot_see_anothers_calls(cloud: Cloud, api: Api, step: Client) -> None:
    call_up(cloud, step)
    other = "AC" + "9" * 32
    cloud.accounts.save_account(other, "other-token")
    api.credentials = f"{other}:other-token"
    path = f"/2012-04-24/Accounts/{other}/Calls/{CALLER}.json"
    answer = api.send("GET", path)
    assert (answer.status_code, answer.json_body["code"]) == (404, 20404)
    assert api.send("POST", path, {"Status": "completed"}).status_code == 404
    assert api.get("/Calls.json").status_code == 401


# -- reading ----------------------------------------------------------------------------------------------------------
def test_finished_call_tells_its_times(cloud: Cloud, api: Api, step: Client) -> None:
    child = call_up(cloud, step)
    cloud.step(step, request(3, Ended(at=NOW + 9, entropy="e9", call=child, code=200)))
    call = api.get(f"/Calls/{child}.json").json_body
    assert (call["status"], call["duration"], call["parent_call_sid"]) == ("completed", "5", CALLER)
    assert call["end_time"].endswith("+0000")


def test_unknown_call_is_404(cloud: Cloud, api: Api) -> None:
    assert api.get(f"/Calls/CA{'0' * 32}.json").status_code == 404


def test_pages_are_linked_to_the_end(cloud: Cloud, api: Api) -> None:
    made = {api.create().json_body["sid"] for _ in range(5)}
    seen: list[str] = []
    uri = f"{BASE}/Calls.json?PageSize=2&Status=queued"
    for _ in range(3):
        page = api.send("GET", uri).json_body
        seen += [call["sid"] for call in page["calls"]]
        uri = page["next_page_uri"]
    assert uri is None
    assert sorted(seen) == sorted(made)


def test_list_by_parent_and_day(cloud: Cloud, api: Api, step: Client) -> None:
    child = call_up(cloud, step)
    for query, expected in (
        (f"ParentCallSid={CALLER}", [child]),
        ("StartTime=2026-09-21", [child, CALLER]),
        ("StartTime%3E=2026-09-22", []),
        ("StartTime%3C=2026-09-20", []),
        ("EndTime%3E=2026-09-20", []),
    ):
        calls = api.get(f"/Calls.json?{query}").json_body["calls"]
        assert [call["sid"] for call in calls] == expected, query


@pytest.mark.parametrize(
    "query", ["PageSize=0", "PageSize=1001", "PageSize=x", "Page=1", "PageToken=x", "StartTime=tomorrow"]
)
def test_wrong_query_is_refused(cloud: Cloud, api: Api, query: str) -> None:
    assert api.get(f"/Calls.json?{query}").status_code == 400


def test_same_under_the_version_that_twilio_sdks_use(cloud: Cloud, api: Api) -> None:
    answer = api.send("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json", FORM)
    assert answer.status_code == 201
    assert answer.json_body["uri"].startswith("/2010-04-01/")


def test_xml_by_suffix_and_by_accept(cloud: Cloud, api: Api) -> None:
    sid = api.create().json_body["sid"]
    call = ET.fromstring(api.get(f"/Calls/{sid}.xml").body)
    assert (call.findtext("Call/Sid"), call.findtext("Call/Status")) == (sid, "queued")
    listed = ET.fromstring(api.get("/Calls", Accept="application/xml").body)
    assert [each.findtext("Sid") for each in listed.iterfind("Calls/Call")] == [sid]
    error = ET.fromstring(api.get("/Calls/CAx.xml").body)
    assert error.findtext("RestException/Code") == "20404"
    assert api.get("/Calls").headers["Content-Type"] == "application/json"


def test_our_own_failure_is_500_in_the_format_of_errors_and_leaks_nothing(
    cloud: Cloud, api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.dynamodb.delete_table(TableName="calls")
    answer = api.create(SipAuthUsername="bob", SipAuthPassword=PASSWORD)
    assert (answer.status_code, answer.json_body["code"]) == (500, 20500)
    out, err = capfd.readouterr()
    assert json.loads(err)["exception_name"] == "ResourceNotFoundException"
    assert PASSWORD not in out + err


def test_links_keep_the_stage_that_api_gateway_puts_before_the_path(cloud: Cloud) -> None:
    # The test client knows no stages.
    body = json.loads(loaded("api")(gateway_event("GET", f"{BASE}/Calls.json"), None)["body"])
    assert body["uri"] == f"/v1{BASE}/Calls.json?PageSize=50&Page=0"
