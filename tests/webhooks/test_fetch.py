from __future__ import annotations

import pytest

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.calls.types import Method
from chalicelib.webhooks.fetch import Fetcher
from chalicelib.webhooks.guard import AddressGuard
from chalicelib.webhooks.signature import url_signature

from .servers import Answer, answer, application

PARAMETERS = {"CallSid": "CA1", "From": "sip:ä+b@example.com"}


def fetched(url: str, method: Method = "POST") -> Fetched:
    fetcher = Fetcher(
        AddressGuard("127.0.0.0/8"), lambda sid: f"token-of-{sid}", str.upper, lambda: 1000.0, lambda: "e"
    )
    return fetcher.fetch(Fetch("CA1", "f1", "AC1", url, method, PARAMETERS))


def test_post_carries_the_parameters_as_a_form_with_its_signature() -> None:
    with application(answer(200, b"<Response/>")) as app:
        event = fetched(app.url("/voice?a=1#rc=2"))
    request = app.requests[0]
    assert (request.method, request.target, request.form) == ("POST", "/voice?a=1", PARAMETERS)
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    expected = url_signature("token-of-AC1", app.url("/voice?a=1"), PARAMETERS)
    assert request.headers["x-callapi-signature"] == expected
    assert request.headers["webhook-id"] == "f1"
    assert (event.status, event.error, event.url) == (200, 0, app.url("/voice?a=1"))


def test_get_carries_the_parameters_beside_the_query_that_is_there() -> None:
    with application(answer(200)) as app:
        fetched(app.url("/voice?a=1"), "GET")
    target = "/voice?a=1&CallSid=CA1&From=sip%3A%C3%A4%2Bb%40example.com"
    assert (app.requests[0].method, app.requests[0].target) == ("GET", target)
    expected = url_signature("token-of-AC1", app.url(target), {})
    assert app.requests[0].headers["x-callapi-signature"] == expected


def test_body_is_sealed_before_it_leaves() -> None:
    with application(answer(200, b"<response/>")) as app:
        assert fetched(app.url()).body == "<RESPONSE/>"


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_redirect_keeps_the_method_only_with_307_and_308(status: int, method: str) -> None:
    with application(answer(status, Location="next#part"), answer(200, b"x")) as app:
        event = fetched(app.url("/a/first"))
    second = app.requests[1]
    assert (second.method, second.target) == (method, "/a/next")
    assert second.form == (PARAMETERS if method == "POST" else {})
    assert event.url == app.url("/a/next")


def test_five_redirects_are_followed_and_no_sixth() -> None:
    hops: list[Answer] = [answer(302, Location="/n")] * 5
    with application(*hops, answer(200, b"x")) as app:
        assert fetched(app.url()).status == 200
    with application(answer(302, Location="/n")) as loop:
        assert fetched(loop.url()).error == 11215
    assert len(loop.requests) == 6


@pytest.mark.parametrize("target", ["/" + "a" * 4100, "http://[::1"])
def test_redirect_to_a_url_without_measure_or_sense_is_a_failed_fetch(target: str) -> None:
    with application(answer(302, Location=target)) as app:
        assert fetched(app.url()).error == 11215
    assert len(app.requests) == 1


def test_content_type_without_measure_is_cut() -> None:
    with application(answer(200, b"x", "text/plain;" + "a" * 5000)) as app:
        event = fetched(app.url())
    assert (event.content_type[:11], len(event.content_type)) == ("text/plain;", 255)


def test_redirect_to_the_metadata_service_is_refused() -> None:
    with application(answer(302, Location="http://169.254.169.254/latest/meta-data/")) as app:
        event = fetched(app.url())
    assert (event.error, event.body) == (11210, "")


@pytest.mark.parametrize("status", [404, 500, 304])
def test_status_that_is_no_success_is_an_error_with_that_status(status: int) -> None:
    with application(answer(status, b"<Response/>")) as app:
        event = fetched(app.url())
    assert (event.error, event.status, event.body) == (11217, status, "")


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"\xe4", "Ä"),
        ("text/plain; charset=nonsense", "ä".encode(), "Ä"),
        ("text/xml", "ä".encode(), "Ä"),
        ("text/xml", b"\xff", "\ufffd"),
        ("audio/wav", b"RIFF\xff", ""),
    ],
)
def test_body_is_decoded_by_its_charset_and_audio_not_at_all(kind: str, body: bytes, text: str) -> None:
    with application(answer(200, body, kind)) as app:
        event = fetched(app.url())
    assert (event.body, event.content_type) == (text, kind)
