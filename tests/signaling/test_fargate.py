from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from signaling.cloud.fargate import identified
from signaling.settings import read_settings
from tests.signaling.documents import MAIN
from tests.waiting import wait_until
from tests.webhooks.servers import Application, answer, application

from .deployment import Deployment, deployment, signaling

CALL = "CA" + "c" * 32
FUNCTIONS = {"STEP_FUNCTION": "step", "FETCH_FUNCTION": "fetch"}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield


@pytest.fixture
def interface(cloud: None) -> dict[str, str]:
    """A network interface with a public address; its two addresses."""
    ec2 = client("ec2")
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=made["NetworkInterfaceId"])
    return {"private": made["PrivateIpAddress"], "public": address["PublicIp"]}


@pytest.fixture
def metadata(interface: dict[str, str]) -> Iterator[Application]:
    """The endpoint that ECS gives a task."""

    task = {"TaskARN": "arn:aws:ecs:eu-central-1:1:task/callapi/0a1b2c3d"}
    container = {"Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [interface["private"]]}]}
    with application(*(answer(200, json.dumps(found).encode()) for found in (task, container))) as server:
        yield server


def client(service: str) -> Any:
    return boto3.client(service, region_name="eu-central-1")  # type: ignore[call-overload]  # any service


def test_task_on_fargate_learns_its_id_and_its_address(
    metadata: Application, interface: dict[str, str]
) -> None:
    environment = {"ECS_CONTAINER_METADATA_URI_V4": metadata.url("/v4/x")}
    settings = read_settings(identified(FUNCTIONS | environment, client))
    assert settings.task_id == "0a1b2c3d"
    assert settings.public_address == interface["public"]
    assert [seen.target for seen in metadata.requests] == ["/v4/x/task", "/v4/x"]


def test_what_is_set_stays(cloud: None) -> None:
    known = FUNCTIONS | {"TASK_ID": "here", "PUBLIC_ADDRESS": "127.0.0.1"}
    assert identified(known, client) == known


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path, {MAIN: "<Response><Pause length='60'/></Response>"}) as running:
        yield running


def test_drained_task_takes_its_queue_and_its_row_with_it(deployed: Deployment, tmp_path: Path) -> None:
    with signaling(deployed, tmp_path):
        (queue,) = wait_until(deployed.queues)
        assert queue.endswith("/callapi-task-t1")
        wait_until(lambda: deployed.tasks.queue_url("t1"))
        assert deployed.tasks.queue_url("t1") == queue
    assert deployed.queues() == []
    assert deployed.tasks.queue_url("t1") is None


def test_queue_that_was_given_to_the_task_outlives_it(deployed: Deployment, tmp_path: Path) -> None:
    given = deployed.sqs.create_queue(QueueName="callapi-task-given")["QueueUrl"]
    with signaling(deployed, tmp_path, TASK_QUEUE_URL=given):
        wait_until(lambda: deployed.tasks.queue_url("t1"))
        assert deployed.tasks.queue_url("t1") == given
    assert deployed.queues() == [given]
    assert deployed.tasks.queue_url("t1") is None


def test_task_that_could_not_tell_of_its_last_call_is_left_to_the_reaper(
    deployed: Deployment, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee:
        callee.bind(("127.0.0.1", 0))
        with signaling(deployed, tmp_path, DRAIN_SECONDS="0") as task:
            deployed.create_call(CALL, f"sip:bob@127.0.0.1:{callee.getsockname()[1]}")
            wait_until(lambda: task.events("invited"))
            deployed.functions.up = False
            task.drain()
    assert task.process.returncode == 0
    assert len(deployed.queues()) == 1
    assert deployed.tasks.queue_url("t1") is not None
