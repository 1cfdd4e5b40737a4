from __future__ import annotations

import msgspec
import pytest

from chalicelib.calls.events import Fetched, Incoming
from chalicelib.calls.session import Application, Call, Run, Session
from chalicelib.storage.log import DAY, DynamoCallLog, Row, TextMissingError

from .cloud import ACCOUNT, CALLER, NOW, Cloud

RCML = "<Response><Pause/></Response>"


def row(number: int, digest: str = "d", **changes: object) -> Row:
    call = Call(CALLER, "inbound", "sip:100@example.com", NOW, run=Run(document="h"))
    state = Session(CALLER, ACCOUNT, {CALLER: call}, documents={"h": RCML})
    return msgspec.structs.replace(Row(CALLER, number, digest, NOW + number, (), state), **changes)


def test_what_is_appended_is_read_back_whole(cloud: Cloud) -> None:
    application = Application(ACCOUNT, rcml=RCML)
    events = (
        Incoming(at=NOW, call=CALLER, to="sip:1@a", from_="sip:2@b", application=application),
        Fetched(at=NOW, call=CALLER, id="FE1", body=RCML + " "),
        Fetched(at=NOW, call=CALLER, id="FE2", error=11200),
    )
    state = msgspec.structs.replace(row(0).state, application=application)
    written = row(0, events=events, state=state)
    assert cloud.log.append(written) is None
    assert DynamoCallLog(cloud.table).read(CALLER, 0) == written
    assert not any(RCML in item["row"]["S"] for item in cloud.rows(CALLER))


def test_calls_are_read_back_in_the_order_in_which_they_were_made(cloud: Cloud) -> None:
    made = ["CA" + digit * 32 for digit in "f2a9c04"]
    calls = {sid: Call(sid, "outbound-dial", "sip:b@example.com", NOW) for sid in made}
    cloud.log.append(row(0, state=Session(made[0], ACCOUNT, calls)))
    last = DynamoCallLog(cloud.table).read_last(CALLER)
    assert last is not None
    assert list(last.state.calls) == made


def test_second_writer_of_a_number_is_given_the_row_that_is_there(cloud: Cloud) -> None:
    cloud.log.append(row(3, "first"))
    there = cloud.log.append(row(3, "second"))
    assert there == row(3, "first")
    assert cloud.log.read(CALLER, 3) == row(3, "first")


def test_last_and_history_go_by_number_not_by_text(cloud: Cloud) -> None:
    for number in (0, 9, 10, 100):
        cloud.log.append(row(number))
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert last.number == 100
    assert [each.number for each in cloud.log.history(CALLER)] == [0, 9, 10, 100]


def test_unknown_session_has_no_step(cloud: Cloud) -> None:
    assert cloud.log.read_last(CALLER) is None
    assert cloud.log.read(CALLER, 0) is None
    assert list(cloud.log.history(CALLER)) == []


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
