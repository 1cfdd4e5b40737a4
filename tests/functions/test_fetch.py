"""The fetch function as a task invokes it: JSON in, JSON out, passwords sealed on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from chalice.test import Client

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.protocol import decode, encode
from chalicelib.storage.secrets import open_sealed
from tests.storage.cloud import ACCOUNT, CALLER, cloud_running, function
from tests.webhooks.server import serving

XML = {"Content-Type": "text/xml"}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with cloud_running():
        monkeypatch.setenv("ALLOWED_ADDRESSES", "127.0.0.0/8")
        with function("fetch") as client:
            yield client


def invoke(handler: Client, url: str) -> Fetched:
    command = Fetch(CALLER, "FE1", ACCOUNT, url, "POST", {"CallSid": CALLER})
    answer = handler.lambda_.invoke("fetch", json.loads(encode(command)))
    return decode(json.dumps(answer.payload), Fetched)


def test_password_of_a_sip_noun_is_sealed_and_only_the_key_opens_it(handler: Client) -> None:
    document = (
        b'<Response><Dial><Sip username="u" password="s3cr&amp;t">sip:b@example.com</Sip></Dial></Response>'
    )
    with serving(lambda _: (200, XML, document)) as server:
        fetched = invoke(handler, server.url)
    assert "s3cr" not in fetched.body
    sealed = fetched.body.partition('password="')[2].partition('"')[0]
    assert sealed.startswith("sealed:")
    assert open_sealed(boto3.client("kms"), sealed) == "s3cr&t"


def test_broken_document_shows_no_password(handler: Client) -> None:
    with serving(lambda _: (200, XML, b'<Response><Sip password="s3cret">')) as server:
        fetched = invoke(handler, server.url)
    assert "s3cret" not in fetched.body
    assert fetched.error == 0


def test_failure_of_the_application_is_an_answer(handler: Client) -> None:
    with serving(lambda _: (500, XML, b"")) as server:
        fetched = invoke(handler, server.url)
    assert (fetched.id, fetched.error, fetched.status) == ("FE1", 11217, 500)
    assert fetched.at > 0
