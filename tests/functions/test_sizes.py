"""Nothing that a customer's document or a peer's message holds makes a row, a message or a payload too large."""

from __future__ import annotations

from collections import Counter

import pytest
from chalice.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.sip.headers import Headers
from tests.functions.simulated_task import SimulatedTask
from tests.storage.cloud import Cloud, cloud_running, function

HOOK = 'statusCallback="https://app.example.com/status" statusCallbackEvent="initiated ringing answered completed"'
DOCUMENT_CHARACTERS = 63_000
FAT = tuple((f"X-{number}", "ü" * 1020) for number in range(8))
"""As many as are kept of one message."""


def told_once_each(task: SimulatedTask) -> None:
    """Every leg that ever was is told ``completed`` once."""
    completed = Counter(callback.call for callback in task.callbacks() if callback.event == "completed")
    legs = task.known - {"CA" + "a" * 32}
    assert completed == dict.fromkeys(legs, 1)


def dial(legs: int, *, action: str = "/after", header: str = "") -> str:
    noun = f'<Sip statusCallback="https://app.example.com/status">sip:bob@example.net{header}</Sip>'
    return f'<Response><Dial action="{action}">{noun * legs}</Dial></Response>'


def test_document_with_4500_plays_is_played_to_its_end(cloud: Cloud, step: Client) -> None:
    document = f"<Response>{'<Play>a</Play>' * 4500}</Response>"
    task = SimulatedTask(cloud, step, [document], text="x")
    task.play()
    assert task.performed >= 75
    assert task.over


def test_gather_with_4500_prompts_asks_for_as_many_as_a_performance_has(cloud: Cloud, step: Client) -> None:
    task = SimulatedTask(cloud, step, [f"<Response><Gather>{'<Play>a</Play>' * 4400}</Gather></Response>"])
    task.play()
    row = cloud.log.read("CA" + "a" * 32, 1)
    assert row is not None
    assert 12200 in [problem.code for problem in row.problems]
    assert task.over


def test_seven_dials_of_ten_legs_with_fat_headers_both_ways(cloud: Cloud, step: Client) -> None:
    header = "?X-A=" + "a" * 1000
    task = SimulatedTask(cloud, step, [dial(10, header=header)] * 7, text="é" * 1024, headers=FAT)
    task.play()
    assert len(task.known) == 71
    assert task.over
    told_once_each(task)


def test_dials_without_end_keep_no_leg_that_has_ended(cloud: Cloud, step: Client) -> None:
    task = SimulatedTask(cloud, step, [dial(10)] * 4, text="é" * 1024, headers=FAT)
    task.play()
    rows = list(cloud.log.history("CA" + "a" * 32))
    assert max(len(row.state.calls) for row in rows) <= 11
    told_once_each(task)


@pytest.mark.parametrize("text", ["\uffff" * 255, "\ufffe\uffff", "\x01\x02", '"\\' * 500, "😀" * 255])
def test_caller_may_have_any_name(cloud: Cloud, step: Client, text: str) -> None:
    task = SimulatedTask(cloud, step, [dial(2)], text=text, answers=True)
    task.play()
    assert task.over
    told_once_each(task)


def test_host_that_is_longer_than_a_key_is_nobodys(cloud: Cloud, step: Client) -> None:
    """The task refuses it before (414); the function does not fail for it either."""
    assert cloud.accounts.application_for("h" * 2143, "sip:x") is not None  # that of every domain


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=1024)
headers = st.lists(
    st.tuples(st.from_regex(r"\AX-[a-zA-Z0-9-]{1,40}\Z"), texts), max_size=8
).map(tuple)  # fmt: skip
nouns = st.sampled_from(
    [
        f"<Sip {HOOK}>sip:bob@example.net</Sip>",
        f"<Sip {HOOK}>sip:bob@example.net?X-A={'a' * 1000}</Sip>",
        f'<Sip {HOOK} url="/screen?{"q" * 3000}">sip:bob@example.net</Sip>',
        f"<Sip {HOOK}>sip:{'h' * 400}@example.net</Sip>",
        f"<Sip {HOOK}>nonsense</Sip>",
        f"<Client {HOOK}>{'c' * 300}</Client>",
        f"<Number {HOOK}>+4930123</Number>",
    ]
)
verbs = st.one_of(
    st.lists(nouns, max_size=12).map(lambda all_: f'<Dial action="/{"a" * 2000}">{"".join(all_)}</Dial>'),
    st.sampled_from(
        [
            "<Say>" + "&#233;" * 2000 + "</Say>",
            "<Play>a</Play>" * 200,
            f"<Play>https://a.example/{'p' * 4200}</Play>",
            "<Gather>" + "<Say>x</Say>" * 300 + "</Gather>",
            "<Unknown/>" * 500,
            "<Pause/>",
            f"<Redirect>/{'r' * 3000}</Redirect>",
        ]
    ),
)
documents = st.lists(st.lists(verbs, max_size=6).map("".join), min_size=1, max_size=4).map(
    lambda bodies: [f"<Response>{body[:DOCUMENT_CHARACTERS]}</Response>" for body in bodies]
)


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(
    script=documents,
    text=texts,
    sent=headers,
    code=st.sampled_from([0, 302, 404, 486, 603]),
    answers=st.booleans(),
)
def test_any_session_stays_within_the_limits_and_ends(
    script: list[str], text: str, sent: Headers, code: int, answers: bool
) -> None:
    with cloud_running() as cloud, function("step") as step:
        task = SimulatedTask(cloud, step, script, text=text, headers=sent, code=code, answers=answers)
        task.play()
        assert task.over
        assert cloud.tasks.open_sessions("task-1", 10) == []
