"""The template passes the linters, and `sam build` works without a network."""

import os
import subprocess
from pathlib import Path

from callapi.packaging import ROOT

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
    for name in ("Api", "Step", "Fetch", "Callbacks", "Reaper"):
        assert (tmp_path / "build" / f"{name}Function" / "app.py").is_file()
        assert (tmp_path / "build" / f"{name}Function" / "chalicelib" / "calls" / "step.py").is_file()
    assert (tmp_path / "build" / "DependenciesLayer" / "python" / "lxml" / "etree.pyi").exists() is False
    assert list((tmp_path / "build" / "DependenciesLayer" / "python" / "lxml").glob("etree*.so"))
