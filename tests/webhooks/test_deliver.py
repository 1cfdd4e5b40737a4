from __future__ import annotations

import email.utils

import msgspec
import pytest

from chalicelib.calls.commands import Callback
from chalicelib.webhooks.deliver import Attempt, Delivered, Deliverer, Dropped, Outcome, Retry
from chalicelib.webhooks.guard import AddressGuard

from .servers import answer, application, closed_port

NOW = 1_790_000_000.0
DELIVERER = Deliverer(AddressGuard("127.0.0.0/8"), lambda sid: "token")


def deliver(url: str, number: int = 1, age: float = 0, jitter: float = 0.5) -> Outcome:
    callback = Callback("CA1-3", "CA1", "AC1", url, "POST", "ringing", 3, NOW - age, {"CallSid": "CA1"})
    return DELIVERER.deliver(callback, Attempt(number, NOW - age, NOW, jitter))


def test_five_failures_and_then_success_carry_one_id_and_growing_delays() -> None:
    with application(*[answer(500)] * 5, answer(204)) as app:
        outcomes = [deliver(app.url(), number) for number in range(1, 7)]
    delays = [outcome.seconds for outcome in outcomes if isinstance(outcome, Retry)]
    assert len(delays) == 5
    assert delays == sorted(set(delays))
    assert outcomes[-1] == Delivered(204)
    assert {request.headers["webhook-id"] for request in app.requests} == {"CA1-3"}
    assert {request.body for request in app.requests} == {"CallSid=CA1"}


def test_get_carries_the_parameters_beside_the_query_that_is_there() -> None:
    callback = Callback("CA1-3", "CA1", "AC1", "", "GET", "ringing", 3, NOW, {"CallStatus": "in-progress"})
    with application(answer(200)) as app:
        sent = msgspec.structs.replace(callback, url=app.url("/events?a=1"))
        assert DELIVERER.deliver(sent, Attempt(1, NOW, NOW, 0.5)) == Delivered(200)
    [request] = app.requests
    assert (request.method, request.target, request.body) == ("GET", "/events?a=1&CallStatus=in-progress", "")


def test_jitter_spreads_retries_by_a_fifth() -> None:
    with application(answer(500)) as app:
        spread = [deliver(app.url(), 4, jitter=jitter) for jitter in (0.0, 1.0)]
    assert [round(retry.seconds) for retry in spread if isinstance(retry, Retry)] == [48, 72]


def test_410_stops_without_a_dead_letter() -> None:
    with application(answer(410)) as app:
        assert deliver(app.url()) == Dropped(410, 0, dead=False)


def test_redirect_is_a_failure_and_not_followed() -> None:
    with application(answer(302, Location="/elsewhere")) as app:
        assert isinstance(deliver(app.url()), Retry)
    assert len(app.requests) == 1


@pytest.mark.parametrize("after", ["120", email.utils.formatdate(NOW + 120, usegmt=True)])
def test_retry_after_is_honoured_as_seconds_and_as_date(after: str) -> None:
    with application(answer(429, Retry_After=after)) as app:
        assert deliver(app.url()) == Retry(120, 429, 0)


@pytest.mark.parametrize("after", ["soon", "-5", "Mon, 99 Foo", "1"])
def test_retry_after_that_says_nothing_or_less_leaves_the_schedule(after: str) -> None:
    with application(answer(503, Retry_After=after)) as app:
        assert deliver(app.url()) == Retry(2, 503, 0)


def test_after_a_day_it_is_a_dead_letter() -> None:
    url = f"http://127.0.0.1:{closed_port()}/"
    assert deliver(url, 20, age=86390) == Dropped(0, 11202, dead=True)


@pytest.mark.parametrize("token", [None, ""])
def test_account_that_is_no_more_has_nothing_to_sign_with_and_its_callback_is_a_dead_letter(
    token: str | None,
) -> None:
    callback = Callback("CA1-3", "CA1", "AC1", "", "POST", "ringing", 3, NOW, {"CallSid": "CA1"})
    with application(answer(200)) as app:
        deliverer = Deliverer(AddressGuard("127.0.0.0/8"), lambda sid: token)
        sent = msgspec.structs.replace(callback, url=app.url())
        assert deliverer.deliver(sent, Attempt(1, NOW, NOW, 0.5)) == Dropped(0, 20005, dead=True)
    assert app.requests == []


def test_private_address_is_not_reached() -> None:
    assert deliver("http://169.254.169.254/") == Retry(2, 0, 11210)
