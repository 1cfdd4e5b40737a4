"""Deploys ``infra/template.yaml`` into the emulator: the same template, the same packaging, code in S3."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .emulator import Cloud
from .packaging import ROOT, build_function, build_layer, zipped
from .processes import StartError

STACK = "callapi"
BUCKET = "callapi-code"
TEMPLATE = ROOT / "infra" / "template.yaml"
DEPLOY_SECONDS = 60.0
ALLOWED_LOCALLY = "127.0.0.0/8,::1/128,localhost"
_FUNCTION = re.compile(
    r"^  (?P<name>\w+)Function:\n    Type: AWS::Serverless::Function\n    Metadata: .*\n    Properties:\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Stack:
    """The deployed stack: the template's outputs by name."""

    outputs: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.outputs[name]


def deploy(cloud: Cloud, folder: Path) -> Stack:
    """Build, upload and create the stack; StartError with the reason when it fails."""
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    formation = cloud.client("cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateBody=_with_code(TEMPLATE.read_text(), partial(_upload, cloud, folder)),
        Parameters=[
            {"ParameterKey": "AllowedAddresses", "ParameterValue": ALLOWED_LOCALLY},
            {"ParameterKey": "Runtime", "ParameterValue": f"python3.{sys.version_info.minor}"},
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + DEPLOY_SECONDS
    while True:
        stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return Stack({each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])})
        if "IN_PROGRESS" not in stack["StackStatus"] or time.monotonic() > deadline:
            raise StartError(f"the stack is {stack['StackStatus']}: {_reasons(formation)}")
        time.sleep(0.1)


def _with_code(template: str, upload: Callable[[str], str]) -> str:
    """The template with the S3 address of each function and the layer in place of their folders."""

    def placed(found: re.Match[str]) -> str:
        return f"{found[0]}      CodeUri: {upload(found['name'])}\n"

    named = _FUNCTION.sub(placed, template)
    return named.replace("    CodeUri: ..\n", "").replace("ContentUri: ..", f"ContentUri: {upload('layer')}")


def _upload(cloud: Cloud, folder: Path, name: str) -> str:
    build = build_layer if name == "layer" else partial(build_function, name)
    code = zipped(build, folder / "build" / name.lower())
    key = f"{name.lower()}-{hashlib.sha256(code).hexdigest()[:16]}.zip"
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=code)
    return f"s3://{BUCKET}/{key}"


def _reasons(formation: Any) -> str:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if "FAILED" in event.get("ResourceStatus", "")]
    return "; ".join(
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in failed
    )
