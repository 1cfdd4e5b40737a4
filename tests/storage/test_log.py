"""What every log of calls must do, whatever it is kept in; and what DynamoCallLog does with the texts in a row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import pytest

from chalicelib.calls.events import Fetched, Incoming
from chalicelib.calls.session import Application, Call, Run, Session
from chalicelib.storage.log import DAY, CallLog, DynamoCallLog, Row, TextMissingError
from chalicelib.storage.memory import MemoryCallLog
from chalicelib.storage.table import Addition, AdditionsRefusedError

from .cloud import ACCOUNT, CALLER, NOW, Cloud

RCML = "<Response><Pause/></Response>"
IN_USE = Addition({"pk": "limits#AC1", "sk": "calls"}, "in_use", 2, most=2)
PLACED = Addition({"pk": "rate#AC1#1", "sk": "calls"}, "placed", 1, most=0)


@pytest.fixture(params=["DynamoDB", "memory"])
def log(request: pytest.FixtureRequest) -> CallLog:
    if request.param == "memory":
        return MemoryCallLog()
    cloud: Cloud = request.getfixturevalue("cloud")
    return cloud.log


def row(number: int, digest: str = "d", **changes: object) -> Row:
    call = Call(CALLER, "inbound", "sip:100@example.com", NOW, run=Run(document="h"))
    state = Session(CALLER, ACCOUNT, {CALLER: call}, documents={"h": RCML})
    return msgspec.structs.replace(Row(CALLER, number, digest, NOW + number, (), state), **changes)


def with_texts() -> Row:
    application = Application(ACCOUNT, rcml=RCML)
    events = (
        Incoming(at=NOW, call=CALLER, to="sip:1@a", from_="sip:2@b", application=application),
        Fetched(at=NOW, call=CALLER, id="FE1", body=RCML + " "),
        Fetched(at=NOW, call=CALLER, id="FE2", error=11200),
    )
    state = msgspec.structs.replace(row(0).state, application=application)
    return row(0, events=events, state=state)


# -- every log
def test_what_is_appended_is_read_back_whole(log: CallLog) -> None:
    assert log.append(with_texts()) is None
    assert log.read(CALLER, 0) == with_texts()


def test_calls_are_read_back_in_the_order_in_which_they_were_made(log: CallLog) -> None:
    made = ["CA" + digit * 32 for digit in "f2a9c04"]
    calls = {sid: Call(sid, "outbound-dial", "sip:b@example.com", NOW) for sid in made}
    log.append(row(0, state=Session(made[0], ACCOUNT, calls)))
    last = log.read_last(CALLER)
    assert last is not None
    assert list(last.state.calls) == made


def test_second_writer_of_a_number_is_given_the_row_that_is_there(log: CallLog) -> None:
    log.append(row(3, "first"))
    there = log.append(row(3, "second"))
    assert there == row(3, "first")
    assert log.read(CALLER, 3) == row(3, "first")


def test_of_writers_at_the_same_time_one_writes_and_the_others_are_given_its_row(log: CallLog) -> None:
    with ThreadPoolExecutor(4) as writers:
        given = list(writers.map(lambda digest: log.append(row(3, digest)), "abcd"))
    written = log.read(CALLER, 3)
    assert written is not None
    assert [digest for digest, there in zip("abcd", given, strict=True) if there is None] == [written.digest]
    assert [there for there in given if there is not None] == [written] * 3


def test_last_and_history_go_by_number_not_by_text(log: CallLog) -> None:
    for number in (0, 9, 100, 10):
        log.append(row(number))
    last = log.read_last(CALLER)
    assert last is not None
    assert last.number == 100
    assert [each.number for each in log.history(CALLER)] == [0, 9, 10, 100]


def test_unknown_session_has_no_step(log: CallLog) -> None:
    assert log.read_last(CALLER) is None
    assert log.read(CALLER, 0) is None
    assert list(log.history(CALLER)) == []


def test_additions_above_their_most_keep_the_row_out_and_are_told(log: CallLog) -> None:
    for number in (0, 1):
        assert log.append(row(number), (IN_USE,)) is None
    with pytest.raises(AdditionsRefusedError) as refused:
        log.append(row(2), (IN_USE, PLACED))
    assert refused.value.refused == ((IN_USE, 4),)
    assert log.read(CALLER, 2) is None
    assert log.append(row(2), (PLACED,)) is None, "a refused row has counted after all"


def test_addition_that_can_never_be_made_is_refused_before_anything_counts(log: CallLog) -> None:
    never = replace(IN_USE, most=-1)
    with pytest.raises(AdditionsRefusedError) as refused:
        log.append(row(0), (never,))
    assert refused.value.refused == ((never, 0),)


def test_row_that_is_there_already_counts_nothing(log: CallLog) -> None:
    log.append(row(0, "first"), (PLACED,))
    assert log.append(row(0, "second"), (IN_USE,)) == row(0, "first")
    assert log.append(row(1), (replace(IN_USE, most=0),)) is None


def test_history_of_a_closed_session_stays(log: CallLog) -> None:
    for number in (0, 1):
        log.append(row(number))
    log.close(row(1))
    assert list(log.history(CALLER)) == [row(0), row(1)]


# -- the texts in DynamoDB
def test_row_in_the_table_names_its_texts_by_their_hash(cloud: Cloud) -> None:
    cloud.log.append(with_texts())
    assert DynamoCallLog(cloud.table).read(CALLER, 0) == with_texts()
    assert not any(RCML in item["row"]["S"] for item in cloud.rows(CALLER))


def test_text_outlives_every_row_that_names_it(cloud: Cloud) -> None:
    cloud.log.append(row(0))
    cloud.log.append(row(1, at=NOW + 5 * DAY))
    (text,) = cloud.rows("doc#")
    last = max(int(item["expires_at"]["N"]) for item in cloud.rows(CALLER))
    assert int(text["expires_at"]["N"]) >= last


def test_row_whose_text_is_gone_is_an_error_not_an_empty_document(cloud: Cloud) -> None:
    cloud.log.append(row(0))
    (text,) = cloud.rows("doc#")
    cloud.dynamodb.delete_item(TableName="calls", Key={"pk": text["pk"], "sk": text["sk"]})
    with pytest.raises(TextMissingError):
        DynamoCallLog(cloud.table).read(CALLER, 0)
