"""Asking the application: what it is sent, and every way in which it can fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import time

import pytest

from chalicelib.calls.commands import Fetch
from chalicelib.calls.events import Fetched
from chalicelib.webhooks.address_guard import AddressGuard
from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.fetch import Fetcher
from chalicelib.webhooks.request import Request, exchange

from .server import Seen, dripping, serving

TOKEN = "tok-123"
LOOPBACK = AddressGuard("127.0.0.0/8")
XML = {"Content-Type": "text/xml; charset=utf-8"}


def fetch(url: str, method: str = "POST", guard: AddressGuard = LOOPBACK) -> Fetched:
    fetcher = Fetcher(
        guard, {"AC1": TOKEN}.get, lambda text: text.replace("pw", "***"), lambda: 5.0, lambda: "e"
    )
    parameters = {"CallSid": "CA1", "From": "sip:ü@x", "To": "+49 30"}
    return fetcher.fetch(Fetch("CA1", "FE1", "AC1", url, "GET" if method == "GET" else "POST", parameters))


def test_post_is_a_signed_form_and_the_answer_is_an_event() -> None:
    with serving(lambda _: (200, XML, "<Response>ä pw</Response>".encode())) as server:
        fetched = fetch(server.url + "/voice?x=1#rc=2")
    assert fetched == Fetched(
        "CA1", "FE1", 200, XML["Content-Type"], "<Response>ä ***</Response>", server.url + "/voice?x=1",
        at=5.0, entropy="e",
    )  # fmt: skip
    (seen,) = server.seen
    assert seen.form == {"CallSid": "CA1", "From": "sip:ü@x", "To": "+49 30"}
    signed = server.url + "/voice?x=1" + "CallSidCA1" + "Fromsip:ü@x" + "To+49 30"
    expected = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), hashlib.sha1)).decode()
    assert seen.headers["x-callapi-signature"] == expected


def test_standard_webhooks_headers_sign_id_time_and_body() -> None:
    with serving(lambda _: (200, XML, b"<Response/>")) as server:
        fetch(server.url)
    (seen,) = server.seen
    signed = f"{seen.headers['webhook-id']}.{seen.headers['webhook-timestamp']}.".encode() + seen.body
    digest = base64.b64encode(hmac.digest(TOKEN.encode(), signed, hashlib.sha256)).decode()
    assert (seen.headers["webhook-id"], seen.headers["webhook-signature"]) == ("FE1", f"v1,{digest}")


def test_get_puts_the_parameters_beside_the_query() -> None:
    with serving(lambda _: (200, XML, b"<Response/>")) as server:
        fetch(server.url + "/v?x=1", "GET")
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/v?x=1&CallSid=CA1&From=sip%3A%C3%BC%40x&To=%2B49+30")
    assert seen.body == b""


@pytest.mark.parametrize(
    ("status", "method", "form"), [(302, "GET", False), (303, "GET", False), (307, "POST", True)]
)
def test_redirects_are_followed_as_browsers_do(status: int, method: str, form: bool) -> None:
    def answer(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        return (200, XML, b"<Response/>") if seen.path == "/next" else (status, {"Location": "/next"}, b"")

    with serving(answer) as server:
        fetched = fetch(server.url + "/first")
    assert (fetched.error, fetched.url) == (0, server.url + "/next")
    assert (server.seen[1].method, bool(server.seen[1].body)) == (method, form)


def test_endless_redirects_end_after_five() -> None:
    with serving(lambda _: (302, {"Location": "/again"}, b"")) as server:
        assert fetch(server.url).error == 11215
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://10.0.0.1/", "file:///etc/passwd"],
)
def test_redirect_to_an_inner_address_is_refused(location: str) -> None:
    with serving(lambda _: (302, {"Location": location}, b"")) as server:
        assert fetch(server.url).error == 11210


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/", "http://localhost/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://100.64.0.1/",
     "http://[64:ff9b::7f00:1]/", "http://192.168.1.1/", "ftp://example.com/", "http://", "http://[::1"],
)  # fmt: skip
def test_without_leave_no_inner_address_is_asked(url: str) -> None:
    assert fetch(url, guard=AddressGuard("")).error == 11210


def test_allowed_host_name_is_let_through() -> None:
    with serving(lambda _: (200, XML, b"<Response/>")) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert fetch(url, guard=AddressGuard("localhost")).error == 0
    assert server.seen[0].headers["host"].startswith("localhost:")


@pytest.mark.parametrize("status", [404, 500, 304])
def test_error_status_is_told(status: int) -> None:
    with serving(lambda _: (status, {}, b"")) as server:
        fetched = fetch(server.url)
    assert (fetched.error, fetched.status, fetched.body) == (11217, status, "")


def test_body_of_ten_megabytes_is_refused_unread() -> None:
    with serving(lambda _: (200, XML, b"x" * 10_000_000)) as server:
        started = time.monotonic()
        assert fetch(server.url).error == 11750
    assert time.monotonic() - started < 5


def test_body_of_64_kib_is_read_whole() -> None:
    with serving(lambda _: (200, XML, b"x" * 65536)) as server:
        assert len(fetch(server.url).body) == 65536


def test_closed_port_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert fetch(f"http://127.0.0.1:{port}/").error == 11202


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_server_that_drips_is_cut_off_at_the_end_of_the_time(first: bytes) -> None:
    with dripping(first) as url:
        started = time.monotonic()
        with pytest.raises(RequestError) as caught:
            exchange(Request(url, "GET", {}), LOOPBACK, 1.0)
    assert caught.value.code == 11203
    assert time.monotonic() - started < 3


def test_what_is_no_http_is_told() -> None:
    with dripping(b"SSH-2.0-OpenSSH_9\r\n", 0) as url:
        assert fetch(url).error == 11206


def test_audio_is_left_where_it_is() -> None:
    with serving(lambda _: (200, {"Content-Type": "audio/x-wav"}, b"RIFF....")) as server:
        fetched = fetch(server.url)
    assert (fetched.body, fetched.content_type) == ("", "audio/x-wav")


def test_wrong_charset_is_no_exception() -> None:
    with serving(lambda _: (200, {"Content-Type": "text/plain; charset=klingon"}, b"\xff hi")) as server:
        assert fetch(server.url).body == "\ufffd hi"
