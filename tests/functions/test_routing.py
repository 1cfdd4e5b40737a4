"""API Gateway sends everything to the API function, which finds the route or refuses in the format of errors."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from chalicelib.rest.routing import PROXY, find_route, routed
from tests.functions.gateway import gateway_event
from tests.storage.cloud import ACCOUNT, CALLER, TOKEN, Cloud, loaded

BASE = f"/2012-04-24/Accounts/{ACCOUNT}"
OTHER = "AC" + "9" * 32
NOWHERE = [
    ("GET", "/"),
    ("GET", "/favicon.ico"),
    ("POST", "/2012-04-24/Accounts"),
    ("GET", f"{BASE}/Conferences.json"),
    ("GET", f"{BASE}.json"),
    ("GET", f"{BASE}/Calls/{CALLER}/Recordings"),
    ("GET", f"/2008-08-01/Accounts/{ACCOUNT}/Calls"),
    ("DELETE", f"{BASE}//Calls"),
]
WITHOUT_METHOD = [
    ("PUT", f"{BASE}/Calls", "GET, POST"),
    ("DELETE", f"{BASE}/Calls/{CALLER}.json", "GET, POST"),
    ("POST", f"{BASE}/Recordings/RE{'a' * 32}", "GET"),
    ("HEAD", f"{BASE}/Calls.json", "GET, POST"),
]


@pytest.fixture
def api(cloud: Cloud) -> Any:
    return loaded("api")


def answer(api: Any, method: str, path: str, **how: str) -> Any:
    return api(gateway_event(method, path, **how), None)


def test_every_route_is_found_behind_the_proxy(api: Any) -> None:
    for route, methods in api.routes.items():
        if route != PROXY:
            path = route.replace("{account_sid}", ACCOUNT).replace("{call_sid}", CALLER)
            for method in methods:
                event = routed(gateway_event(method, path.replace("{recording_sid}", "RE1")), api.routes)
                assert event["requestContext"]["resourcePath"] == route
                assert event["pathParameters"]["account_sid"] == ACCOUNT


def test_request_behind_the_proxy_is_answered_with_links_that_keep_the_stage(api: Any) -> None:
    form = "To=sip%3Abob%40example.net&From=%2B4930123&Url=https%3A%2F%2Fapp.example.com%2Fv"
    created = answer(api, "POST", f"{BASE}/Calls.json", body=form)
    assert created["statusCode"] == 201
    call = json.loads(created["body"])
    assert call["uri"] == f"/v1{BASE}/Calls/{call['sid']}.json"
    for path in (f"{BASE}/Calls/{call['sid']}.json", f"{BASE}/Calls/{call['sid']}.json/"):
        assert json.loads(answer(api, "GET", path)["body"])["sid"] == call["sid"]


@pytest.mark.parametrize(("method", "path"), NOWHERE)
def test_path_without_route_is_404_of_the_catalogue(api: Any, method: str, path: str) -> None:
    got = answer(api, method, path, accept="application/json")
    assert (got["statusCode"], json.loads(got["body"])["code"]) == (404, 20404)


@pytest.mark.parametrize(("method", "path", "allowed"), WITHOUT_METHOD)
def test_method_without_route_is_405_of_the_catalogue_and_names_those_that_are(
    api: Any, method: str, path: str, allowed: str
) -> None:
    got = answer(api, method, path)
    assert (got["statusCode"], json.loads(got["body"])["code"]) == (405, 20004)
    assert got["multiValueHeaders"].get("Allow", [got["headers"].get("Allow")]) == [allowed]


@pytest.mark.parametrize(("method", "path"), [*NOWHERE, *(each[:2] for each in WITHOUT_METHOD)])
@pytest.mark.parametrize("credentials", ["", f"{ACCOUNT}:wrong", f"{OTHER}:{TOKEN}", ":"])
def test_nothing_is_told_without_authentication(api: Any, method: str, path: str, credentials: str) -> None:
    got = answer(api, method, path, credentials=credentials)
    assert (got["statusCode"], json.loads(got["body"])["code"]) == (401, 20003)


def test_account_learns_nothing_of_anothers_paths(cloud: Cloud, api: Any) -> None:
    cloud.accounts.save_account(OTHER, "other-token")
    mine = f"{OTHER}:other-token"
    assert answer(api, "GET", f"{BASE}/Conferences", credentials=mine)["statusCode"] == 401
    assert answer(api, "GET", f"/2012-04-24/Accounts/{OTHER}/x", credentials=mine)["statusCode"] == 404


@pytest.mark.parametrize(("path", "accept"), [(f"{BASE}/Sounds.xml", "*/*"), ("/x", "application/xml")])
def test_refusal_is_xml_for_callers_that_want_xml(api: Any, path: str, accept: str) -> None:
    error = ET.fromstring(answer(api, "GET", path, accept=accept)["body"])
    assert error.findtext("RestException/Code") == "20404"


def test_route_without_parameters_goes_before_one_with() -> None:
    routes = ["/a/{id}", "/a/b", "/{any}/b", PROXY]
    assert find_route(routes, "/a/b") == ("/a/b", {})
    assert find_route(routes, "/a/c") == ("/a/{id}", {"id": "c"})
    assert find_route(routes, "/a/") is None
    assert find_route(routes, "/{proxy+}") is None
