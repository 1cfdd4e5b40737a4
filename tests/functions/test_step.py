from __future__ import annotations

import json
import threading

import msgspec
import pytest
from botocore.exceptions import ClientError
from chalice.test import Client

from chalicelib.calls.commands import Answer, DialLegs, Fetch, Hangup, Reject
from chalicelib.calls.events import Ended, Provisional, TaskLost
from chalicelib.calls.protocol import SipMessage, StepResponse, TracePart, TraceRequest
from chalicelib.calls.session import Application
from chalicelib.storage.log import DynamoCallLog
from tests.storage.cloud import ACCOUNT, CALLER, NOW, Cloud, function
from tests.storage.step_requests import DOCUMENT, bridged, fetched, incoming, leg, request

OTHER = "CA" + "7" * 32


def dialled(cloud: Cloud, step: Client) -> StepResponse:
    return cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())))))


def test_incoming_call_asks_the_application_of_its_domain(cloud: Cloud, step: Client) -> None:
    cloud.accounts.save_application("Voice.example.com", Application(ACCOUNT, url="https://own.example.com/"))
    answer = cloud.step(step, request(0, incoming()))
    assert [c.url for c in answer.commands if isinstance(c, Fetch)] == ["https://own.example.com/"]


def test_incoming_call_for_nobody_is_rejected_with_404_and_not_logged(cloud: Cloud, step: Client) -> None:
    cloud.dynamodb.delete_item(TableName="accounts", Key={"pk": {"S": "domain#*"}})
    answer = cloud.step(step, request(0, incoming()))
    assert answer.commands == (Reject(CALLER, 404),)
    assert answer.over
    assert cloud.rows() == []


def test_application_in_the_request_is_not_believed(cloud: Cloud, step: Client) -> None:
    forged = msgspec.structs.replace(incoming(), application=Application("AC" + "9" * 32, url="http://evil/"))
    cloud.step(step, request(0, forged))
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert last.state.account_sid == ACCOUNT


def test_dialled_call_reports_each_event_in_the_group_of_its_leg(cloud: Cloud, step: Client) -> None:
    answer = dialled(cloud, step)
    child = leg(answer)
    cloud.step(step, request(2, *bridged(child)))
    messages = cloud.received(cloud.callbacks_url)
    assert [m["Attributes"]["MessageGroupId"] for m in messages] == [child] * 3
    assert [m["Attributes"]["MessageDeduplicationId"] for m in messages] == [f"{child}-{n}" for n in range(3)]


def test_more_than_ten_callbacks_of_one_step_all_arrive_in_order(cloud: Cloud, step: Client) -> None:
    noun = DOCUMENT[DOCUMENT.index("<Sip") : DOCUMENT.index("</Dial>")]
    document = DOCUMENT.replace(noun, noun * 10)
    answer = cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())), document)))
    dial = next(command for command in answer.commands if isinstance(command, DialLegs))
    events = [event for each in dial.legs for event in bridged(each.call)[:2]]
    cloud.step(step, request(2, *events))
    callbacks = cloud.callbacks()
    assert len(callbacks) == 20
    for each in dial.legs:
        assert [c.sequence for c in callbacks if c.call == each.call] == [0, 1]


def test_killed_after_its_write_the_same_request_sends_the_effects_it_had_not_sent(
    cloud: Cloud, step: Client
) -> None:
    child = leg(dialled(cloud, step))
    cloud.sqs.delete_queue(QueueUrl=cloud.callbacks_url)
    with pytest.raises(ClientError):
        cloud.step(step, request(2, *bridged(child)))
    assert cloud.log.read(CALLER, 2) is not None
    cloud.make_callbacks_queue()
    with function("step") as another:
        answer = cloud.step(another, request(2, *bridged(child)))
    assert not answer.fenced
    assert [callback.event for callback in cloud.callbacks()] == ["initiated", "ringing", "answered"]


def test_killed_before_its_answer_the_same_request_asks_for_no_second_invite(
    cloud: Cloud, step: Client
) -> None:
    first = cloud.step(step, request(0, incoming()))
    told = cloud.step(step, request(1, fetched(first)))
    with function("step") as another:
        again = cloud.step(another, request(1, fetched(first)))
    assert again == told
    row = cloud.log.read_last(CALLER)
    assert row is not None
    assert (row.number, set(row.state.calls)) == (1, {CALLER, leg(told)})


def test_killed_before_its_answer_the_same_request_makes_no_second_action_request(
    cloud: Cloud, step: Client
) -> None:
    child = leg(dialled(cloud, step))
    cloud.step(step, request(2, *bridged(child)))
    over = request(3, Ended(at=NOW + 9, entropy="e9", call=child, code=200))
    told = cloud.step(step, over)
    again = cloud.step(step, over)
    assert again == told
    fetches = [c for row in cloud.log.history(CALLER) for c in row.commands if isinstance(c, Fetch)]
    assert [fetch.url for fetch in fetches] == [
        "https://app.example.com/voice",
        "https://app.example.com/done",
    ]
    assert [c.event for c in cloud.callbacks()] == ["initiated", "ringing", "answered", "completed"]


def test_two_step_functions_with_the_same_number_one_wins(cloud: Cloud, step: Client) -> None:
    child = leg(dialled(cloud, step))
    ringing = request(2, Provisional(at=NOW + 3, entropy="one", call=child, code=180))
    ended = request(2, Ended(at=NOW + 3, entropy="two", call=child, code=486))
    answers: list[StepResponse] = []
    start = threading.Barrier(2)

    def run(which: int) -> None:
        with function("step") as own:
            start.wait()
            answers.append(cloud.step(own, (ringing, ended)[which]))

    threads = [threading.Thread(target=run, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.fenced for answer in answers) == [False, True]
    loser = next(answer for answer in answers if answer.fenced)
    assert loser.commands == ()
    row = cloud.log.read_last(CALLER)
    assert row is not None
    assert {callback.id for callback in cloud.callbacks()} == {callback.id for callback in row.callbacks}


def test_step_of_an_older_epoch_is_fenced(cloud: Cloud, step: Client) -> None:
    child = leg(dialled(cloud, step))
    cloud.step(step, request(2, TaskLost(at=NOW + 60, entropy="r", task="task-1"), epoch=1))
    zombie = cloud.step(step, request(3, Provisional(at=NOW + 61, entropy="z", call=child, code=180)))
    assert zombie.fenced
    assert cloud.log.read(CALLER, 3) is None


def test_step_without_the_step_before_is_fenced(cloud: Cloud, step: Client) -> None:
    assert cloud.step(step, request(4, Provisional(at=NOW, entropy="z", call=CALLER, code=180))).fenced


def test_caller_who_left_in_the_same_batch_is_not_dialled_for(cloud: Cloud, step: Client) -> None:
    first = cloud.step(step, request(0, incoming()))
    answer = cloud.step(step, request(1, fetched(first), Ended(at=NOW + 2, entropy="e2", call=CALLER)))
    kinds = {type(command) for command in answer.commands}
    assert not kinds & {DialLegs, Answer}
    assert Hangup in kinds


def test_document_is_stored_once_and_another_process_reads_it_back(cloud: Cloud, step: Client) -> None:
    dialled(cloud, step)
    rows = cloud.rows(CALLER)
    assert not any("sip:bob@example.net</Sip>" in row["row"]["S"] for row in rows)
    assert len(cloud.rows("doc#")) == 1
    last = DynamoCallLog(cloud.table).read_last(CALLER)
    assert last is not None
    assert list(last.state.documents.values()) == [DOCUMENT]


def test_listing_follows_the_call(cloud: Cloud, step: Client) -> None:
    child = leg(dialled(cloud, step))
    cloud.step(step, request(2, *bridged(child)))
    row = cloud.listing.get(child)
    assert row is not None
    assert (row.status, row.parent_sid, row.step) == ("in-progress", CALLER, 2)
    parent = cloud.listing.get(CALLER)
    assert parent is not None
    assert (parent.status, parent.direction, parent.account_sid) == ("ringing", "inbound", ACCOUNT)


def test_task_finds_its_session_until_it_is_over(cloud: Cloud, step: Client) -> None:
    first = cloud.step(step, request(0, incoming()))
    assert cloud.tasks.open_sessions("task-1", 10) == [CALLER]
    hang_up = "<Response><Hangup/></Response>"
    cloud.step(step, request(1, fetched(first, hang_up), Ended(at=NOW + 2, entropy="e", call=CALLER)))
    assert cloud.tasks.open_sessions("task-1", 10) == []


def test_messages_of_several_sessions_come_into_their_logs_however_often_they_are_sent(
    cloud: Cloud, step: Client
) -> None:
    def messages(call: str, *texts: str) -> tuple[SipMessage, ...]:
        return tuple(SipMessage(NOW, call, True, "192.0.2.1:5060", "UDP", text) for text in texts)

    cloud.step(step, request(0, incoming()))
    asked = TraceRequest(
        (TracePart(CALLER, 0, messages(CALLER, "BYE", "200")), TracePart(OTHER, 3, messages(OTHER, "ACK")))
    )
    for _ in range(2):
        answer = step.lambda_.invoke("step", msgspec.to_builtins(asked))
        assert answer.payload == {}
    assert [message.text for message in cloud.traces.history(CALLER)] == ["BYE", "200"]
    assert [message.text for message in cloud.traces.history(OTHER)] == ["ACK"]
    assert len(cloud.rows(f"call#{CALLER}")) == 1


def test_what_the_function_prints_has_no_document_and_no_password(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = DOCUMENT.replace("<Sip ", '<Sip username="bob" password="sealed:c2VjcmV0" ')
    cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())), secret)))
    out, err = capfd.readouterr()
    assert "c2VjcmV0" not in out + err
    assert [json.loads(line)["number"] for line in err.splitlines()] == [0, 1]
