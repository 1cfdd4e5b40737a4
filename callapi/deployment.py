"""Deploys ``infra/template.yaml`` into the emulator, as ``sam deploy`` does it on AWS.

Code and nested templates go to S3, and their addresses into the template in place of the local paths.  The emulator
knows nested stacks, so the alarms are deployed too.  The signaling stack is left out, because no image is given: the
emulator has no scaling and its ECS starts no process.  The local platform starts the task itself.  One thing is
written otherwise for the emulator: an API event for any method becomes one for each, because it imports no ANY.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .emulator import Cloud
from .packaging import ROOT, build_function, build_layer, zipped
from .processes import StartError
from .template import Template, load_template

STACK = "callapi"
BUCKET = "callapi-code"
TEMPLATE = ROOT / "infra" / "template.yaml"
LAYER = "DependenciesLayer"
DEPLOY_SECONDS = 60.0
ALLOWED_LOCALLY = "127.0.0.0/8,::1/128,localhost"
METHODS = ("delete", "get", "head", "options", "patch", "post", "put")
_LOCAL_PATHS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::CloudFormation::Stack": "TemplateURL",
}
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Stack:
    """The deployed stack: the template's outputs by name."""

    outputs: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.outputs[name]


def deploy(cloud: Cloud, folder: Path, parameters: Mapping[str, str] = _NONE) -> Stack:
    """Build into ``folder``, upload and create the stack; StartError with the reason when it fails.

    ``parameters`` are those of the template that differ from what the local platform sets.
    """
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    formation = cloud.client("cloudformation")
    local = {"AllowedAddresses": ALLOWED_LOCALLY, "Runtime": f"python3.{sys.version_info.minor}"}
    formation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(_Package(cloud, folder).template(TEMPLATE)),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in {**local, **parameters}.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    return _created(formation)


def _created(formation: Any) -> Stack:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while True:
        stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return Stack({each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])})
        if "IN_PROGRESS" not in stack["StackStatus"] or time.monotonic() > deadline:
            raise StartError(f"the stack is {stack['StackStatus']}: {_reasons(formation)}")
        time.sleep(0.1)


class _Package:
    """What ``sam build`` and ``sam package`` make of a template: what it names by local paths lies in S3."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self._cloud = cloud
        self._folder = folder

    def template(self, path: Path) -> Template:
        """The template in ``path`` with addresses in S3 for code, layer and nested templates."""
        template = load_template(path)
        for name, resource in template["Resources"].items():
            if events := resource["Properties"].get("Events"):
                resource["Properties"]["Events"] = _with_each_method(events)
            if place := _LOCAL_PATHS.get(resource["Type"]):
                properties = resource["Properties"]
                local = path.parent / properties.get(place, "")
                properties[place] = self._template_url(local) if place == "TemplateURL" else self._code(name)
        return template

    def _template_url(self, path: Path) -> str:
        body = json.dumps(self.template(path)).encode()
        return f"{self._cloud.endpoint}/{BUCKET}/{self._upload(path.stem, 'json', body)}"

    def _code(self, logical_id: str) -> str:
        name = "layer" if logical_id == LAYER else logical_id.removesuffix("Function")
        build = build_layer if logical_id == LAYER else partial(build_function, name)
        code = zipped(build, self._folder / "build" / name.lower())
        return f"s3://{BUCKET}/{self._upload(name.lower(), 'zip', code)}"

    def _upload(self, name: str, kind: str, body: bytes) -> str:
        key = f"{name}-{hashlib.sha256(body).hexdigest()[:16]}.{kind}"
        self._cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        return key


def _with_each_method(events: dict[str, Any]) -> dict[str, Any]:
    """The events of a function, those for any method written out."""
    written: dict[str, Any] = {}
    for name, event in events.items():
        if event["Properties"].get("Method") == "any":
            for method in METHODS:
                properties = {**event["Properties"], "Method": method}
                written[f"{name}{method.capitalize()}"] = {**event, "Properties": properties}
        else:
            written[name] = event
    return written


def _reasons(formation: Any) -> str:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if "FAILED" in event.get("ResourceStatus", "")]
    return "; ".join(
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in failed
    )
