"""``callapi up --policy``: the account of the local platform has trunks, and a wrong policy says what is wrong."""

from __future__ import annotations

import base64
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from callapi.packaging import ROOT
from callapi.platform import platform
from callapi.up import application_from, policy_from
from tests.signaling.sipp import Sipp
from tests.waiting import wait_until


def test_number_that_the_api_calls_goes_through_the_trunk_of_the_policy(tmp_path: Path) -> None:
    carrier = Sipp(tmp_path, "callee")
    policy = tmp_path / "policy.json"
    policy.write_text(f'{{"trunks": [{{"host": "127.0.0.1:{carrier.port}"}}]}}')
    try:
        with platform(application_from(None, None), policy=policy_from(policy)) as local:
            ready = local.running.ready
            form = {"To": "+49 30 1234", "From": "+4940", "Rcml": "<Response><Hangup/></Response>"}
            request = urllib.request.Request(
                f"{ready.api_url}/2012-04-24/Accounts/{ready.account_sid}/Calls.json",
                urllib.parse.urlencode(form).encode(),
                {"Authorization": "Basic " + base64.b64encode(
                    f"{ready.account_sid}:{ready.auth_token}".encode()).decode()},
            )  # fmt: skip
            with urllib.request.urlopen(request) as answer:
                assert answer.status == 201
            wait_until(lambda: f"INVITE sip:+49301234@127.0.0.1:{carrier.port} SIP/2.0" in carrier.messages())
            assert carrier.wait() == 0
    finally:
        carrier.stop()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "truncated"),
        ('{"trunks": [{"host": "a b"}]}', "trunk 'a b'"),
        (None, "No such file"),
        ("\xff", "utf-8"),
    ],
)
def test_wrong_policy_is_refused_before_anything_starts(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "policy.json"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    done = subprocess.run(
        [sys.executable, "-m", "callapi", "up", "--policy", str(file)], cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("callapi: --policy: ")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
