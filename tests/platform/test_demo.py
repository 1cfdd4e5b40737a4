"""The demonstration's path, as `make run` plays it."""

import re
import subprocess
import sys

import pytest

from callapi.packaging import ROOT

PASS = re.compile(
    r"PASS DialCallStatus=completed DialSipResponseCode=200 legs=3 callbacks=9 audio=both-ways\Z"
)


@pytest.mark.timeout(100)
def test_the_demonstration_passes_and_shows_no_password() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "callapi", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    last = run.stdout.strip().splitlines()[-1]
    assert PASS.match(last), run.stdout[-2000:] + run.stderr[-2000:]
    assert run.returncode == 0
    assert "Authorization" not in run.stdout
    assert "password" not in run.stdout.lower()
