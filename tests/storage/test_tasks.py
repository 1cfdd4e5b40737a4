from __future__ import annotations

from .cloud import NOW, Cloud


def test_task_that_fell_silent_is_dead(cloud: Cloud) -> None:
    cloud.heartbeat("alive", "https://q/alive", NOW)
    cloud.heartbeat("silent", "https://q/silent", NOW - 46)
    assert [task.id for task in cloud.tasks.dead(NOW - 45)] == ["silent"]


def test_queue_of_a_task(cloud: Cloud) -> None:
    cloud.heartbeat("t", "https://q/t", NOW)
    assert cloud.tasks.queue_url("t") == "https://q/t"
    assert cloud.tasks.queue_url("gone") is None


def test_task_that_speaks_again_is_not_condemned(cloud: Cloud) -> None:
    cloud.heartbeat("t", "https://q/t", NOW - 100.25)
    (dead,) = cloud.tasks.dead(NOW)
    cloud.heartbeat("t", "https://q/t", NOW)
    assert not cloud.tasks.condemn(dead)
    assert cloud.tasks.dead(NOW) == []


def test_condemned_task_stays_dead_until_it_is_forgotten(cloud: Cloud) -> None:
    cloud.heartbeat("t", "https://q/t", NOW - 100.25)
    (silent,) = cloud.tasks.dead(NOW)
    assert cloud.tasks.condemn(silent)
    (condemned,) = cloud.tasks.dead(1)
    assert (condemned.id, condemned.queue_url) == ("t", "https://q/t")
    assert cloud.tasks.condemn(condemned)
    cloud.tasks.remove(condemned)
    assert cloud.tasks.queue_url("t") is None
