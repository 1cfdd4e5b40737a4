from __future__ import annotations

from .cloud import NOW, Cloud


def test_task_that_fell_silent_is_dead(cloud: Cloud) -> None:
    cloud.tasks.heartbeat("alive", "https://q/alive", NOW)
    cloud.tasks.heartbeat("silent", "https://q/silent", NOW - 46)
    assert [task.id for task in cloud.tasks.dead(NOW - 45)] == ["silent"]


def test_queue_of_a_task(cloud: Cloud) -> None:
    cloud.tasks.heartbeat("t", "https://q/t", NOW)
    assert cloud.tasks.queue_url("t") == "https://q/t"
    assert cloud.tasks.queue_url("gone") is None


def test_task_that_speaks_again_is_not_forgotten(cloud: Cloud) -> None:
    cloud.tasks.heartbeat("t", "https://q/t", NOW - 100.25)
    (dead,) = cloud.tasks.dead(NOW)
    cloud.tasks.heartbeat("t", "https://q/t", NOW)
    assert not cloud.tasks.remove(dead)
    assert cloud.tasks.queue_url("t") == "https://q/t"


def test_dead_task_is_forgotten(cloud: Cloud) -> None:
    cloud.tasks.heartbeat("t", "https://q/t", NOW - 100.25)
    (dead,) = cloud.tasks.dead(NOW)
    assert cloud.tasks.remove(dead)
    assert cloud.tasks.queue_url("t") is None
