from __future__ import annotations

import json
import re
from collections.abc import Iterator

import boto3
import pytest
from chalice.test import Client

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import decode, encode
from chalicelib.storage.secrets import Sealer
from chalicelib.webhooks.signature import url_signature
from signaling.routing.unsealing import unsealer
from tests.storage.cloud import ACCOUNT, CALLER, TOKEN, Cloud, cloud_running, function
from tests.webhooks.servers import answer, application

DOCUMENT = b'<Response><Dial><Sip username="u" password="p&amp;w">sip:b@example.com</Sip></Dial></Response>'


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("ALLOWED_ADDRESSES", "127.0.0.0/8")
    with cloud_running() as running:
        yield running


@pytest.fixture
def fetch(cloud: Cloud) -> Iterator[Client]:
    with function("fetch") as client:
        yield client


def fetched(fetch: Client, url: str) -> Fetched:
    command = Fetch(CALLER, "f1", ACCOUNT, url, "POST", {"CallSid": CALLER})
    payload = fetch.lambda_.invoke("fetch", json.loads(encode(command))).payload
    return decode(json.dumps(payload), Fetched)


def test_fetch_is_signed_with_the_token_of_the_account(fetch: Client) -> None:
    with application(answer(200, b"<Response/>")) as app:
        event = fetched(fetch, app.url("/voice"))
    expected = url_signature(TOKEN, app.url("/voice"), {"CallSid": CALLER})
    assert app.requests[0].headers["x-callapi-signature"] == expected
    assert (event.call, event.id, event.status, event.body) == (CALLER, "f1", 200, "<Response/>")
    assert event.entropy


def test_password_in_the_document_leaves_sealed_and_opens_to_what_was_written(
    cloud: Cloud, fetch: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with application(answer(200, DOCUMENT)) as app:
        body = fetched(fetch, app.url()).body
    sealed = re.search(r'password="(sealed:[^"]+)"', body)
    assert sealed is not None
    assert unsealer(boto3.client("kms"), cloud.environment["SEAL_KEY_ID"])(sealed.group(1)) == "p&w"
    output = capsys.readouterr()
    assert "p&" not in body + output.out + output.err
    assert TOKEN not in output.out + output.err


def test_failure_of_the_application_is_an_answer(fetch: Client) -> None:
    with application(answer(500, b"oops")) as app:
        event = fetched(fetch, app.url())
    assert (event.error, event.status, event.body) == (11217, 500, "")


def test_private_address_is_refused_where_the_deployment_names_none(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    monkeypatch.delenv("ALLOWED_ADDRESSES")
    with function("fetch") as fetch, application(answer(200)) as app:
        assert fetched(fetch, app.url()).error == 11210
    assert app.requests == []


def test_password_longer_than_the_key_service_takes_is_a_failed_fetch_with_its_code(fetch: Client) -> None:
    long = b'<Response><Dial><Sip username="u" password="%s">sip:b@example.com</Sip></Dial></Response>'
    with application(answer(200, long % (b"p" * 4096)), answer(200, long % (b"p" * 4097))) as app:
        assert fetched(fetch, app.url()).error == 0
        event = fetched(fetch, app.url())
    assert (event.error, event.status, event.body) == (13249, 0, "")


def test_account_that_is_no_more_signs_nothing(fetch: Client) -> None:
    with application(answer(200, b"<Response/>")) as app:
        command = Fetch(CALLER, "f1", "AC" + "9" * 32, app.url(), "POST", {"CallSid": CALLER})
        payload = fetch.lambda_.invoke("fetch", json.loads(encode(command))).payload
    assert decode(json.dumps(payload), Fetched).error == 20005
    assert app.requests == []


def test_same_password_is_sealed_once_per_process(cloud: Cloud) -> None:
    sealer = Sealer(boto3.client("kms"), cloud.environment["SEAL_KEY_ID"])
    assert sealer.seal("a") == sealer.seal("a")
    assert sealer.seal("a") != sealer.seal("b")
    assert sealer.seal("") == ""
