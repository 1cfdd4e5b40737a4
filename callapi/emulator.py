"""The AWS emulator of the local platform: on loopback, on a free port, with nothing kept on disk.

It lives in an environment of its own (``.venv-emulator``) because it pins another botocore than ours.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .packaging import ROOT
from .processes import LOOPBACK, Child, StartError, free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
READY_SECONDS = 30.0
STOP_SECONDS = 5.0
# No secret: the emulator takes any credentials.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}


@dataclass(frozen=True)
class Cloud:
    """How to reach the emulator: ``endpoint`` is an http URL without path."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """What makes an AWS SDK in another process speak to it."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION, **CREDENTIALS}

    def client(self, service: str) -> Any:
        """A boto3 client of ``service``."""
        import boto3

        return boto3.client(
            service,  # type: ignore[call-overload]  # overloads know literal names only
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def dynamodb(self) -> DynamoDBClient:
        """The DynamoDB client."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    def sqs(self) -> SQSClient:
        """The SQS client."""
        client: SQSClient = self.client("sqs")
        return client


def start_emulator(folder: Path) -> tuple[Child, Cloud]:
    """Start it with its files in ``folder`` and wait until it answers; StartError when it does not."""
    if not PYTHON.exists():
        raise StartError(f"{PYTHON.parent.parent.name} is missing: run `make setup` first")
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment = (
        clean
        | CREDENTIALS
        | {
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "s3"),
            "TMPDIR": str(folder),
            "LOG_LEVEL": "WARNING",
        }
    )
    cloud = Cloud(f"http://{LOOPBACK}:{port}")
    child = Child("the AWS emulator", [str(PYTHON), "-m", "ministack"], environment, folder / "emulator.log")
    try:
        child.wait_until(lambda: _answers(f"{cloud.endpoint}/_ministack/health"), READY_SECONDS)
    except BaseException:
        child.stop(STOP_SECONDS)
        raise
    return child, cloud


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
