"""The built step function as Lambda runs it: awslambdaric, the built folder and layer, nothing of the checkout."""

import os
import subprocess
import sys
from pathlib import Path

from callapi.emulator import start_emulator
from callapi.packaging import build_function, build_layer
from tests.infrastructure.runtime_api import RuntimeApi


def test_a_call_that_no_application_takes_is_rejected_with_404(tmp_path: Path) -> None:
    build_function("Step", tmp_path / "code")
    build_layer(tmp_path / "layer")
    emulator, cloud = start_emulator(tmp_path)
    cloud.dynamodb().create_table(
        TableName="accounts",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    incoming = {
        "type": "incoming",
        "at": 1.0,
        "entropy": "00",
        "call": "CA1",
        "from": "a",
        "to": "sip:b@example.org",
    }
    with RuntimeApi() as api:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tmp_path / 'code'}:{tmp_path / 'layer' / 'python'}",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "CALLS_TABLE": "calls",
            "ACCOUNTS_TABLE": "accounts",
            "CALLBACKS_QUEUE_URL": f"{cloud.endpoint}/0/callbacks",
            **cloud.environment,
        }
        worker = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "app.step"], cwd=tmp_path / "code", env=environment
        )
        try:
            kind, answer = api.invoke({"session": "CA1", "number": 0, "events": [incoming]})
        finally:
            worker.kill()
            worker.wait()
            emulator.stop(5)
    assert kind == "response", answer
    assert [(each["type"], each["code"]) for each in answer["commands"]] == [("reject", 404)]
    assert answer["over"] is True
