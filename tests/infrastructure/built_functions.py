"""The functions as Lambda runs them: what was uploaded, the template's configuration, Lambda's own runtime client.

A function's process sees its unzipped package, the unzipped layer and what Lambda's runtime brings, in this order;
neither the checkout nor the environment that runs the tests.
"""

from __future__ import annotations

import io
import os
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from callapi.deployment import BUCKET, Stack, deploy
from callapi.emulator import STOP_SECONDS, Cloud, start_emulator
from callapi.packaging import SITE_PACKAGES
from callapi.processes import Child
from tests.infrastructure.runtime_api import NoAnswerError, RuntimeApi

FUNCTIONS = ("Api", "Step", "Fetch", "Callbacks", "Reaper", "Register")
# What Lambda's Python runtime has by itself.
RUNTIME = (
    "awslambdaric", "runtime_client*.so", "snapshot_restore_py.py", "simplejson",
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3",
)  # fmt: skip
PYTHON = [getattr(sys, "_base_executable", sys.executable), "-S", "-P"]


class FunctionFailedError(Exception):
    """The function raised, or did not start: ``errorType`` and ``errorMessage`` as Lambda reports them."""

    def __init__(self, kind: str, error: dict[str, Any]) -> None:
        super().__init__(f"{kind}: {error.get('errorType')}: {error.get('errorMessage')}")


@dataclass(frozen=True)
class Deployment:
    """The deployed stack, and its code unzipped under ``folder``."""

    cloud: Cloud
    stack: Stack
    folder: Path
    emulator: Child

    def code(self, name: str) -> Path:
        """The unzipped package of function ``name``, or of the ``layer``."""
        return self.folder / "deployed" / name.lower()

    def configuration(self, name: str) -> tuple[str, dict[str, str]]:
        """Handler and environment of function ``name``."""
        found = self.cloud.client("lambda").list_functions()["Functions"]
        function = next(each for each in found if f"-{name}Function-" in each["FunctionName"])
        return function["Handler"], function["Environment"]["Variables"]

    def environment(self, name: str) -> dict[str, str]:
        """All that the process of function ``name`` has in its environment, but the Runtime API's address."""
        path = (self.code(name), self.code("layer") / "python", self.folder / "runtime")
        return {
            **self.cloud.environment,
            **self.configuration(name)[1],
            "PATH": os.environ["PATH"],
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": str(self.code(name)),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            # In Lambda both folders of ours are read-only.
            "PYTHONDONTWRITEBYTECODE": "1",
        }


@contextmanager
def deployment(folder: Path) -> Iterator[Deployment]:
    """The stack in an emulator of its own.  No queue and no schedule runs a function there: who asks for it does."""
    emulator, cloud = start_emulator(folder)
    try:
        deployed = Deployment(cloud, deploy(cloud, folder), folder, emulator)
        _stop_triggers(cloud)
        _unzip(deployed)
        _link_runtime(folder / "runtime")
        yield deployed
    finally:
        emulator.stop(STOP_SECONDS)


def _stop_triggers(cloud: Cloud) -> None:
    functions, events = cloud.client("lambda"), cloud.client("events")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for rule in events.list_rules()["Rules"]:
        events.disable_rule(Name=rule["Name"])


def _unzip(deployed: Deployment) -> None:
    store = deployed.cloud.client("s3")
    for entry in store.list_objects_v2(Bucket=BUCKET)["Contents"]:
        name, _, file = entry["Key"].rpartition("-")
        if not file.endswith(".zip"):
            continue
        code = store.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        zipfile.ZipFile(io.BytesIO(code)).extractall(deployed.code(name))


def _link_runtime(folder: Path) -> None:
    folder.mkdir()
    for pattern in RUNTIME:
        for found in SITE_PACKAGES.glob(pattern):
            (folder / found.name).symlink_to(found)


class Worker:
    """One execution environment of a function."""

    def __init__(self, process: Child, api: RuntimeApi) -> None:
        self.process = process
        self._api = api

    def invoke(self, event: object) -> Any:
        """What the function returns for ``event``; FunctionFailedError when it raised or did not start."""
        try:
            answer = self._api.invoke(msgspec.json.encode(event), lambda: self.process.running)
        except NoAnswerError as error:
            raise NoAnswerError(f"{error}:\n{self.process.last_words()}") from None
        if answer.kind != "response":
            raise FunctionFailedError(answer.kind, answer.body)
        return answer.body


@contextmanager
def worker(deployed: Deployment, name: str, **environment: str) -> Iterator[Worker]:
    """Function ``name`` in a process of its own; ``environment`` goes over that of the deployment."""
    handler = deployed.configuration(name)[0]
    log = deployed.folder / f"{name.lower()}-{time.monotonic_ns()}.log"
    with running(handler, deployed.environment(name) | environment, log) as function:
        yield function


@contextmanager
def running(handler: str, environment: Mapping[str, str], log: Path) -> Iterator[Worker]:
    """``handler`` (module.name) under the runtime client; both are found on the PYTHONPATH of ``environment``."""
    with RuntimeApi() as api:
        own = {**environment, "AWS_LAMBDA_RUNTIME_API": api.address}
        process = Child(f"function {handler}", [*PYTHON, "-m", "awslambdaric", handler], own, log)
        try:
            yield Worker(process, api)
        finally:
            process.stop(0)
