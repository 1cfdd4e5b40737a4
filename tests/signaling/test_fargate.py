from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from signaling.fargate import identified
from signaling.settings import read_settings
from tests.webhooks.servers import Application, answer, application

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


def test_task_on_fargate_learns_its_id_its_address_and_makes_its_queue(
    metadata: Application, interface: dict[str, str]
) -> None:
    environment = {
        "ECS_CONTAINER_METADATA_URI_V4": metadata.url("/v4/x"),
        "TASK_QUEUE_PREFIX": "callapi-task-",
    }
    settings = read_settings(identified(FUNCTIONS | environment, client))
    assert settings.task_id == "0a1b2c3d"
    assert settings.public_address == interface["public"]
    assert settings.task_queue_url.endswith("/callapi-task-0a1b2c3d")
    assert [seen.target for seen in metadata.requests] == ["/v4/x/task", "/v4/x"]
    assert client("sqs").list_queues()["QueueUrls"] == [settings.task_queue_url]


def test_what_is_set_stays(cloud: None) -> None:
    known = FUNCTIONS | {"TASK_ID": "here", "PUBLIC_ADDRESS": "127.0.0.1", "TASK_QUEUE_URL": "http://queue"}
    assert identified(known, client) == known
