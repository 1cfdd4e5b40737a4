"""Who the task is on Fargate: its id and addresses, from the metadata endpoint.

Adds to the environment what nobody can set beforehand.  What is set already stays as it is: that is how the local
platform gives a task its identity.  Source: Amazon ECS task metadata endpoint version 4.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

METADATA = "ECS_CONTAINER_METADATA_URI_V4"
SECONDS = 5.0

Client = Callable[[str], Any]


def identified(environment: Mapping[str, str], client: Client) -> dict[str, str]:
    """``environment`` with TASK_ID and PUBLIC_ADDRESS, as far as this is Fargate.

    ``client(service)`` makes an AWS client.  Raises what urllib3 and boto3 raise: a task that does not know who it
    is must not take calls.
    """
    known = dict(environment)
    metadata = environment.get(METADATA, "")
    if metadata:
        if not known.get("TASK_ID"):
            known["TASK_ID"] = str(_read(f"{metadata}/task")["TaskARN"]).rpartition("/")[2]
        if not known.get("PUBLIC_ADDRESS"):
            known["PUBLIC_ADDRESS"] = _public_address(_private_address(_read(metadata)), client("ec2"))
    return known


def _read(url: str) -> dict[str, Any]:
    answer = urllib3.request("GET", url, timeout=SECONDS, retries=3)
    found: dict[str, Any] = json.loads(answer.data)
    return found


def _private_address(container: dict[str, Any]) -> str:
    return str(container["Networks"][0]["IPv4Addresses"][0])


def _public_address(private: str, ec2: Any) -> str:
    """The address behind ``private`` that Contact and SDP must name; ``private`` itself where there is none."""
    found = ec2.describe_network_interfaces(
        Filters=[{"Name": "addresses.private-ip-address", "Values": [private]}]
    )
    for interface in found["NetworkInterfaces"]:
        if "PublicIp" in interface.get("Association", {}):
            return str(interface["Association"]["PublicIp"])
    return private
