"""The account's rules come from its row, whatever the request says."""

from __future__ import annotations

import msgspec
import pytest
from chalice.test import Client

from chalicelib.calls.commands import DialLegs
from chalicelib.calls.events import Created
from chalicelib.calls.routing.policy import HostRules, InvalidPolicyError, Policy
from chalicelib.calls.session import Application, Launch
from tests.storage.cloud import ACCOUNT, CALLER, NOW, TOKEN, Cloud
from tests.storage.step_requests import fetched, incoming, request

REFUSING = Policy(HostRules(refused_hosts=("example.net",)))


def test_incoming_call_dials_under_the_rules_of_its_account(cloud: Cloud, step: Client) -> None:
    cloud.accounts.save_account(ACCOUNT, TOKEN, REFUSING)
    answer = cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())))))
    assert not any(isinstance(command, DialLegs) for command in answer.commands)
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert [problem.code for problem in last.problems] == [13254]


def test_created_call_gets_the_rules_of_its_account_and_not_those_it_brings(
    cloud: Cloud, step: Client
) -> None:
    cloud.accounts.save_account(ACCOUNT, TOKEN, REFUSING)
    created = Created(
        at=NOW, entropy="e0", call=CALLER, to="sip:bob@example.net", from_="sip:us@example.com",
        application=Application(ACCOUNT, url="https://app.example.com/", policy=Policy()), launch=Launch(),
    )  # fmt: skip
    cloud.step(step, request(0, created))
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert last.state.application is not None
    assert last.state.application.policy == REFUSING


def test_rules_that_say_nothing_are_not_saved(cloud: Cloud) -> None:
    with pytest.raises(InvalidPolicyError, match="no host"):
        cloud.accounts.save_account(ACCOUNT, TOKEN, Policy(HostRules(refused_hosts=("a:b",))))


def test_account_without_rules_may_dial_anywhere(cloud: Cloud, step: Client) -> None:
    answer = cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())))))
    [dial] = [command for command in answer.commands if isinstance(command, DialLegs)]
    assert dial.legs[0].rules is None
    assert msgspec.structs.asdict(dial.legs[0])["uri"] == "sip:bob@example.net"


@pytest.mark.parametrize(
    "written",
    [
        "{",
        '{"rule": {}}',
        '{"limits": {"calls": 5}}',
        '{"limits": {"concurrent_calls": "many"}}',
        '{"rules": {"refused_ports": ["sip"]}}',
    ],
)
def test_account_whose_policy_cannot_be_read_dials_nowhere_and_the_log_says_why(
    cloud: Cloud, step: Client, capfd: pytest.CaptureFixture[str], written: str
) -> None:
    row = {"pk": {"S": ACCOUNT}, "auth_token": {"S": TOKEN}, "policy": {"S": written}}
    cloud.dynamodb.put_item(TableName="accounts", Item=row)
    answer = cloud.step(step, request(1, fetched(cloud.step(step, request(0, incoming())))))
    assert not any(isinstance(command, DialLegs) for command in answer.commands)
    last = cloud.log.read_last(CALLER)
    assert last is not None
    assert [problem.code for problem in last.problems] == [13254]
    assert f"the policy of {ACCOUNT} cannot be used" in capfd.readouterr().err
