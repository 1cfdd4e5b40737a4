from __future__ import annotations

import msgspec
import pytest

from chalicelib.calls.session import Call, Session
from chalicelib.calls.types import CallStatus
from chalicelib.storage.listing import CallRow, Filter, InvalidTokenError, changed_calls
from chalicelib.storage.log import Row

from .cloud import ACCOUNT, CALLER, NOW, Cloud


def sid(number: int) -> str:
    return f"CA{number:032x}"


def show(cloud: Cloud, call: Call, step: int = 0, account: str = ACCOUNT) -> None:
    state = Session(call.sid, account, {call.sid: call})
    cloud.listing.project(Row(call.sid, step, "d", NOW, (), state, changed=(call.sid,)))


def call(number: int, status: CallStatus = "completed", **changes: object) -> Call:
    base = Call(sid(number), "inbound", f"sip:{number % 2}@a", NOW + number, status=status)
    return msgspec.structs.replace(base, **changes)


def listed(rows: tuple[CallRow, ...]) -> list[int]:
    return [int(row.sid[2:], 16) for row in rows]


def test_late_older_step_does_not_undo_a_newer_one(cloud: Cloud) -> None:
    show(cloud, call(1, "completed"), step=5)
    show(cloud, call(1, "ringing"), step=4)
    row = cloud.listing.get(sid(1))
    assert row is not None
    assert row.status == "completed"


def test_pages_are_newest_first_complete_and_without_doubles(cloud: Cloud) -> None:
    for number in range(1, 8):
        show(cloud, call(number))
    show(cloud, call(50), account="AC" + "b" * 32)
    pages, token = [], ""
    while True:
        page = cloud.listing.page(ACCOUNT, Filter(), 3, token)
        pages.append(listed(page.calls))
        token = page.next_token
        if not token:
            break
    assert pages == [[7, 6, 5], [4, 3, 2], [1]]


def test_page_that_is_just_full_has_no_next_one(cloud: Cloud) -> None:
    for number in range(1, 4):
        show(cloud, call(number))
    assert cloud.listing.page(ACCOUNT, Filter(), 3).next_token == ""


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(to="sip:1@a"), [3, 1]),
        (Filter(from_="alice"), [2]),
        (Filter(status="busy"), [3]),
        (Filter(parent_sid=CALLER), [1]),
        (Filter(started=(NOW + 2, None)), [3, 2]),
        (Filter(started=(None, NOW + 2)), [1]),
        (Filter(ended=(NOW + 90, NOW + 110)), [2]),
        (Filter(to="sip:1@a", status="busy"), [3]),
    ],
)
def test_filter(cloud: Cloud, wanted: Filter, expected: list[int]) -> None:
    show(cloud, call(1, parent_sid=CALLER))
    show(cloud, call(2, from_="alice", ended_at=NOW + 100))
    show(cloud, call(3, "busy"))
    assert listed(cloud.listing.page(ACCOUNT, wanted, 10).calls) == expected


def test_queued_call_has_not_started(cloud: Cloud) -> None:
    show(cloud, call(1, "queued"))
    assert cloud.listing.page(ACCOUNT, Filter(started=(0, None)), 10).calls == ()


@pytest.mark.parametrize("token", ["x", "!!!!", "Q0Ex", "8J-YgA"])
def test_token_of_somebody_else_is_refused(cloud: Cloud, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        cloud.listing.page(ACCOUNT, Filter(), 10, token)


def test_only_the_calls_whose_status_changed_are_listed_again() -> None:
    parent = call(1, ended_at=NOW)
    leg = call(2, "ringing", parent_sid=sid(1))
    before = Session(sid(1), ACCOUNT, {parent.sid: parent, leg.sid: leg})
    ended = msgspec.structs.replace(leg, status="canceled", ended_at=NOW)
    after = msgspec.structs.replace(before, calls={parent.sid: parent, leg.sid: ended})
    assert changed_calls(before, after, ()) == (sid(2),)
    assert changed_calls(after, after, ()) == ()


def test_calls_that_left_the_session_are_listed_as_they_ended() -> None:
    parent, leg, never = call(1), call(2, "ringing", parent_sid=sid(1)), call(3, "failed", ended_at=NOW)
    before = Session(sid(1), ACCOUNT, {parent.sid: parent, leg.sid: leg})
    after = msgspec.structs.replace(before, calls={parent.sid: parent})
    ended = msgspec.structs.replace(leg, status="canceled", ended_at=NOW)
    assert changed_calls(before, after, (ended, never)) == (sid(2), sid(3))
