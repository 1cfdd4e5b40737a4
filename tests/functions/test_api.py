"""Who may use the REST API, what it shows of calls, and in which formats."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from chalice.test import Client

from chalicelib.calls.events import Ended
from tests.functions.gateway import gateway_event
from tests.storage.cloud import ACCOUNT, CALLER, NOW, TOKEN, Cloud, loaded
from tests.storage.step_requests import request

from .api_client import BASE, FORM, PASSWORD, Api, call_up


# -- authentication
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


# -- reading
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
