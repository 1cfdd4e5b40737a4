"""The template passes the linters, says what the code does, and `sam build` works without a network."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from callapi.packaging import ROOT
from callapi.template import Template, load_template
from chalicelib.rest.routing import PROXY
from chalicelib.rest.routing import ROOT as ROOT_RESOURCE
from signaling.cloud.functions import FETCH_SECONDS, REGISTER_SECONDS, STEP_SECONDS
from signaling.cloud.metrics import publish
from signaling.settings import Settings
from tests.storage.cloud import loaded

PARTS = sorted((ROOT / "infra").glob("*.yaml"))
NEEDED = re.compile(r'environ\["([A-Z_]+)"\]')
SAM = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **SAM}, capture_output=True, text=True, timeout=110, check=False
    )


def test_cfn_lint_finds_nothing() -> None:
    lint = run(".venv/bin/cfn-lint", *(str(part.relative_to(ROOT)) for part in PARTS))
    assert lint.returncode == 0, lint.stdout


def test_sam_validates_the_template() -> None:
    valid = run(".venv-sam/bin/sam", "validate", "--lint")
    assert valid.returncode == 0, valid.stderr


def test_sam_builds_every_function_the_layer_and_the_nested_templates_offline(tmp_path: Path) -> None:
    built = run(".venv-sam/bin/sam", "build", "--build-dir", str(tmp_path / "build"))
    assert built.returncode == 0, built.stderr
    for name in ("Api", "Step", "Fetch", "Callbacks", "Reaper", "Register"):
        assert (tmp_path / "build" / f"{name}Function" / "app.py").is_file()
        assert (tmp_path / "build" / f"{name}Function" / "chalicelib" / "calls" / "step.py").is_file()
    assert (tmp_path / "build" / "DependenciesLayer" / "python" / "lxml" / "etree.pyi").exists() is False
    assert list((tmp_path / "build" / "DependenciesLayer" / "python" / "lxml").glob("etree*.so"))
    main = load_template(tmp_path / "build" / "template.yaml")["Resources"]
    for name in ("Signaling", "Alarms"):
        nested = tmp_path / "build" / main[name]["Properties"]["TemplateURL"]
        assert load_template(nested)["Resources"] == part(name.lower())["Resources"]
        assert "<<" not in nested.read_text()


def part(name: str = "template") -> Template:
    return load_template(ROOT / "infra" / f"{name}.yaml")


def container() -> dict[str, Any]:
    (only,) = part("signaling")["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    return dict(only)


def environment() -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in container()["Environment"]}


def nested(name: str) -> dict[str, Any]:
    """The properties of a nested stack in template.yaml."""
    return dict(part()["Resources"][name]["Properties"])


@pytest.mark.parametrize("name", ["Signaling", "Alarms"])
def test_nested_stack_gets_each_of_its_parameters(name: str) -> None:
    given = nested(name)
    assert set(given["Parameters"]) == set(part(given["TemplateURL"].removesuffix(".yaml"))["Parameters"])


def test_one_condition_decides_about_the_tasks() -> None:
    with_condition = {name for name, each in part()["Resources"].items() if "Condition" in each}
    assert with_condition == {"Signaling"}
    assert [each for each in part("signaling")["Resources"].values() if "Condition" in each] == []


def test_api_has_no_list_of_routes() -> None:
    events = part()["Resources"]["ApiFunction"]["Properties"]["Events"].values()
    assert {(each["Properties"]["Method"], each["Properties"]["Path"]) for each in events} == {
        ("any", ROOT_RESOURCE), ("any", PROXY),
    }  # fmt: skip


def functions() -> dict[str, dict[str, Any]]:
    resources = part()["Resources"].items()
    return {name: each["Properties"] for name, each in resources if each["Type"].endswith("::Function")}


def variables(name: str) -> set[str]:
    """The variables that function ``name`` is given."""
    shared = part()["Globals"]["Function"]["Environment"]["Variables"]
    return {*shared, *functions()[name].get("Environment", {}).get("Variables", {})}


@pytest.mark.parametrize("name", sorted(functions()))
def test_function_is_given_every_variable_that_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder = name.removesuffix("Function").lower()
    source = (ROOT / "functions" / folder / "app.py").read_text()
    assert set(NEEDED.findall(source)) <= variables(name)
    for variable in set().union(*map(variables, functions())) - variables(name):
        monkeypatch.delenv(variable, raising=False)
    for variable in variables(name):
        monkeypatch.setenv(variable, "INFO" if variable == "LOG_LEVEL" else variable.lower())
    loaded(folder)


def test_task_is_given_nothing_that_it_does_not_read() -> None:
    read = {name.upper() for name in Settings.__struct_fields__}
    assert set(environment()) - read == {"AWS_REGION"}


def test_task_waits_longer_than_a_function_may_run() -> None:
    waits = {"Step": STEP_SECONDS, "Fetch": FETCH_SECONDS, "Register": REGISTER_SECONDS}
    for name, seconds in waits.items():
        assert functions()[f"{name}Function"]["Timeout"] < seconds


def test_callback_stays_invisible_for_six_times_as_long_as_its_function_may_run() -> None:
    queue = part()["Resources"]["CallbacksQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * functions()["CallbacksFunction"]["Timeout"]


def test_every_function_is_traced_and_logs_as_the_parameters_say() -> None:
    shared = part()["Globals"]["Function"]
    assert shared["Tracing"] == {"Ref": "Tracing"}
    assert part()["Parameters"]["Tracing"]["Default"] == "PassThrough"
    assert shared["Environment"]["Variables"]["LOG_LEVEL"] == {"Ref": "LogLevel"}
    stack = {"Ref": "AWS::StackName"}
    for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
        assert shared["Environment"]["Variables"][name] == stack


def test_queues_and_functions_that_lose_calls_have_an_alarm() -> None:
    given, found = nested("Alarms")["Parameters"], part("alarms")["Resources"]
    watched = set()
    for alarm in found.values():
        (dimension,) = alarm["Properties"]["Dimensions"]
        watched.add((str(given[dimension["Value"]["Ref"]]), alarm["Properties"]["MetricName"]))
        assert alarm["Properties"]["AlarmActions"]["Fn::If"][0] == "WithTopic"
    visible, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"

    def queue(name: str) -> str:
        return str({"Fn::GetAtt": [name, "QueueName"]})

    assert watched == {
        (queue("OutboundDeadLetters"), visible), (queue("CallbacksDeadLetters"), visible),
        (queue("OutboundQueue"), age), (queue("CallbacksQueue"), age),
        (str({"Ref": "StepFunction"}), "Errors"),
    }  # fmt: skip


def test_scaling_reads_the_metric_that_the_task_publishes(capsys: pytest.CaptureFixture[str]) -> None:
    policy = part("signaling")["Resources"]["ScaleByCalls"]["Properties"][
        "TargetTrackingScalingPolicyConfiguration"
    ]
    queries = {query["Id"]: query for query in policy["CustomizedMetricSpecification"]["Metrics"]}

    publish("the stack's name", 7, 1_790_000_000)
    line = json.loads(capsys.readouterr().out)
    (published,) = line["_aws"]["CloudWatchMetrics"]
    (dimensions,), (metric,) = published["Dimensions"], published["Metrics"]

    read = queries["calls"]["MetricStat"]
    assert read["Metric"]["MetricName"] == metric["Name"]
    assert read["Metric"]["Dimensions"] == [{"Name": name, "Value": line[name]} for name in dimensions]
    assert read["Metric"]["Namespace"] == environment()["METRICS_NAMESPACE"] == {"Ref": "Platform"}
    assert nested("Signaling")["Parameters"]["Platform"] == {"Ref": "AWS::StackName"}
    assert read["Stat"] == "Average"
    assert line[metric["Name"]] == 7
    assert container()["LogConfiguration"]["LogDriver"] == "awslogs"


def test_scaling_is_due_at_a_share_of_what_a_task_holds() -> None:
    policy = part("signaling")["Resources"]["ScaleByCalls"]["Properties"][
        "TargetTrackingScalingPolicyConfiguration"
    ]
    answered = [each for each in policy["CustomizedMetricSpecification"]["Metrics"] if each["ReturnData"]]
    assert [each["Expression"] for each in answered] == [{"Fn::Sub": "calls * 100 / ${CallsPerTask}"}]
    assert 0 < policy["TargetValue"] < 100
    assert environment()["MAX_CALLS"] == {"Ref": "CallsPerTask"}
