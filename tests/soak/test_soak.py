"""The short form of ``make soak``, and the ordinary long calls that once were too much for the log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.soak.log import log_faults
from tests.soak.long_call import Due, long_call
from tests.soak.run import Plan, Run, Scene, scene, task_faults
from tests.soak.samples import table

# They go on as the answers come, which on a busy machine is late.
pytestmark = pytest.mark.timeout(240)
SEED = 8
KEY_OF_7_KB = [f"X-Filler-{number}: {'x' * 1000}" for number in range(7)]
GIVEN_BACK = ("sessions", "calls", "timers", "threads")
"""But for the transactions and their dialogs, which live 32 s more."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("soak")) as made:
        yield made


def test_hour_of_three_calls_beside_short_ones_leaves_nothing_growing(running: Scene) -> None:
    plan = Plan(SEED, 12, calls=3, churn=2, hours=1, warm_up=4, every=0.5, after=GIVEN_BACK)
    run = Run(plan, running, print)
    faults = run.faults()
    print(table(run.samples))
    assert not faults, "\n".join(faults)


def test_call_with_200_refreshes_and_500_options_ends_completed(running: Scene) -> None:
    due = [Due(0, turn, "refresh") for turn in range(200)] + [Due(0, turn, "options") for turn in range(500)]
    with long_call(running.site, running.task.sip_port, "refreshed") as call:
        call.live(due, 0)
        call.end(0)
        assert log_faults(running.table, call) == []
    assert running.functions.weights.too_large == []
    assert task_faults(running.task.folder) == []


def test_60_infos_of_7_kb_end_completed(running: Scene) -> None:
    with long_call(running.site, running.task.sip_port, "told") as call:
        for turn in range(60):
            call.sides[turn % 2].ask(
                "INFO", *KEY_OF_7_KB, "Content-Type: application/dtmf-relay", body="Signal=5\r\n"
            )
        call.end(1)
        assert log_faults(running.table, call) == []
    assert running.functions.weights.too_large == []
    assert task_faults(running.task.folder) == []
