"""The template passes the linters, says what the code does, and `sam build` works without a network."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # no stubs among the dependencies

from callapi.packaging import ROOT
from signaling.cloud.metrics import publish

SAM = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **SAM}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False
    )


def test_cfn_lint_finds_nothing() -> None:
    lint = run(".venv/bin/cfn-lint", "infra/template.yaml")
    assert lint.returncode == 0, lint.stdout


def test_sam_validates_the_template() -> None:
    valid = run(".venv-sam/bin/sam", "validate", "--lint")
    assert valid.returncode == 0, valid.stderr


def test_sam_builds_every_function_and_the_layer_offline(tmp_path: Path) -> None:
    built = run(".venv-sam/bin/sam", "build", "--build-dir", str(tmp_path / "build"))
    assert built.returncode == 0, built.stderr
    for name in ("Api", "Step", "Fetch", "Callbacks", "Reaper", "Register"):
        assert (tmp_path / "build" / f"{name}Function" / "app.py").is_file()
        assert (tmp_path / "build" / f"{name}Function" / "chalicelib" / "calls" / "step.py").is_file()
    assert (tmp_path / "build" / "DependenciesLayer" / "python" / "lxml" / "etree.pyi").exists() is False
    assert list((tmp_path / "build" / "DependenciesLayer" / "python" / "lxml").glob("etree*.so"))


# A function stays visible: !Ref X is {"Ref": "X"}.
Loader: Any = type("Loader", (yaml.SafeLoader,), {})
Loader.add_multi_constructor("!", lambda loader, suffix, node: {suffix: _plain(loader, node)})


def _plain(loader: Any, node: Any) -> object:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    return (
        loader.construct_sequence(node)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node)
    )


def template() -> dict[str, Any]:
    with (ROOT / "infra" / "template.yaml").open() as text:
        found: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506  # a SafeLoader
    return found


def test_scaling_reads_the_metric_that_the_task_publishes(capsys: pytest.CaptureFixture[str]) -> None:
    resources = template()["Resources"]
    policy = resources["ScaleByCalls"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    queries = {query["Id"]: query for query in policy["CustomizedMetricSpecification"]["Metrics"]}
    (container,) = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    environment = {each["Name"]: each["Value"] for each in container["Environment"]}

    publish("the stack's name", 7, 1_790_000_000)
    line = json.loads(capsys.readouterr().out)
    (published,) = line["_aws"]["CloudWatchMetrics"]
    (dimensions,), (metric,) = published["Dimensions"], published["Metrics"]

    read = queries["calls"]["MetricStat"]
    assert read["Metric"]["MetricName"] == metric["Name"]
    assert read["Metric"]["Dimensions"] == [{"Name": name, "Value": line[name]} for name in dimensions]
    assert read["Metric"]["Namespace"] == environment["METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}
    assert read["Stat"] == "Average"
    assert line[metric["Name"]] == 7
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"


def test_scaling_is_due_at_a_share_of_what_a_task_holds() -> None:
    document = template()
    policy = document["Resources"]["ScaleByCalls"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    answered = [each for each in policy["CustomizedMetricSpecification"]["Metrics"] if each["ReturnData"]]
    assert [each["Expression"] for each in answered] == [{"Sub": "calls * 100 / ${CallsPerTask}"}]
    assert 0 < policy["TargetValue"] < 100
    (container,) = document["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert {"Name": "MAX_CALLS", "Value": {"Ref": "CallsPerTask"}} in container["Environment"]
