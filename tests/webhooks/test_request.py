from __future__ import annotations

import socket
import threading
import time

import pytest

from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.exchange import Request, Response, exchange
from chalicelib.webhooks.guard import AddressGuard

from .servers import Answer, answer, application, closed_port, drip, drip_headers, raw, silent

LOOPBACK = AddressGuard("127.0.0.0/8")


def get(url: str, seconds: float = 5) -> Response:
    return exchange(Request(url, "GET", {}), LOOPBACK, seconds)


def failure(behaviour: Answer, seconds: float = 5) -> int:
    with application(behaviour) as app, pytest.raises(RequestError) as failed:
        get(app.url(), seconds)
    return failed.value.code


@pytest.mark.parametrize("behaviour", [drip, drip_headers, silent])
def test_slow_server_is_cut_off_when_the_time_is_over(behaviour: Answer) -> None:
    start = time.monotonic()
    assert failure(behaviour, 0.6) == 11203
    assert time.monotonic() - start < 3


def test_server_may_think_for_longer_than_a_connection_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.webhooks.exchange.CONNECT_SECONDS", 0.2)
    assert failure(silent, 0.6) == 11203


def test_name_server_that_does_not_answer_is_cut_off_when_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        never.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    start = time.monotonic()
    with pytest.raises(RequestError) as failed:
        get("http://slow-dns.example.com/", 0.5)
    assert failed.value.code == 11201
    assert time.monotonic() - start < 3
    never.set()


def test_server_that_hangs_up_in_the_middle_is_a_broken_connection() -> None:
    assert failure(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")) == 11205
    assert failure(raw(b"")) == 11205


def test_server_that_speaks_no_http_is_a_protocol_violation() -> None:
    assert failure(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) == 11206


def test_closed_port_is_a_refused_connection() -> None:
    with pytest.raises(RequestError) as failed:
        get(f"http://127.0.0.1:{closed_port()}/")
    assert failed.value.code == 11202


def test_plain_server_behind_https_is_a_tls_failure() -> None:
    with application(answer(200)) as app, pytest.raises(RequestError) as failed:
        get(app.url().replace("http:", "https:"))
    assert failed.value.code == 11220


def test_body_of_64_kib_is_read_and_one_byte_more_refused() -> None:
    with application(answer(200, b"x" * 65536)) as app:
        assert len(get(app.url()).body) == 65536
    assert failure(answer(200, b"x" * 65537)) == 11750


def test_ten_megabytes_are_not_read() -> None:
    start = time.monotonic()
    assert failure(raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000_000)) == 11750
    assert time.monotonic() - start < 5


def test_redirect_is_not_followed() -> None:
    with application(answer(302, Location="/elsewhere")) as app:
        assert get(app.url()).status == 302
    assert len(app.requests) == 1


def test_host_header_is_the_name_in_the_url_not_the_address() -> None:
    with application(answer(200)) as app:
        get(f"http://localhost:{app.port}/a?b=c")
    assert app.requests[0].headers["host"] == f"localhost:{app.port}"
    assert app.requests[0].target == "/a?b=c"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://[", "//x/", "http://x:0/"]
)
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(RequestError) as failed:
        get(url)
    assert failed.value.code == 11210


@pytest.mark.parametrize("path", ["/a b", "/\x00", "/ä"])
def test_path_with_characters_that_no_request_line_may_hold_is_an_error(path: str) -> None:
    with application(answer(200)) as app, pytest.raises(RequestError):
        get(app.url(path))
    assert app.requests == []
