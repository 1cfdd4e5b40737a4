"""The task's environment: what is wrong with it is said by the name of the variable."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chalicelib.environment import SettingsError
from signaling.settings import Settings, read_settings

NEEDED = {"TASK_ID": "t1", "STEP_FUNCTION": "step", "FETCH_FUNCTION": "fetch"}


def test_what_is_not_set_has_its_default() -> None:
    settings = read_settings(NEEDED | {"SIP_PORT": "", "TLS_VERIFY": " "})
    assert settings == Settings(task_id="t1", step_function="step", fetch_function="fetch")
    assert (settings.sip_port, settings.tls_verify, settings.speech_engine) == (5060, True, "espeak-ng")


def test_each_kind_of_variable_is_read() -> None:
    settings = read_settings(
        NEEDED
        | {"SIP_PORT": "5070", "TLS_VERIFY": "False", "SPEECH_ENGINE": "polly", "SIP_HOST6": "[::1]"}
        | {"NAME_SERVERS": "192.0.2.1, 192.0.2.2:5353,", "RECORDINGS_BUCKET": " bucket "}
    )
    assert (settings.sip_port, settings.tls_verify, settings.speech_engine) == (5070, False, "polly")
    assert (settings.sip_host6, settings.recordings_bucket) == ("::1", "bucket")
    assert settings.name_servers == ("192.0.2.1", "192.0.2.2:5353")


@pytest.mark.parametrize("name", NEEDED)
def test_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        read_settings({other: value for other, value in NEEDED.items() if other != name})


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SIP_PORT", "65536", "not a number from 0 to 65535"),
        ("SIP_PORT", "-1", "not a number from 0 to 65535"),
        ("HEALTH_PORT", "http", "not a number from 0 to 65535"),
        ("MAX_CALLS", "0", "not a number from 1 to 1000"),
        ("MAX_CALLS", "1001", "not a number from 1 to 1000"),
        ("MAX_CALLS", "٤", "not a number from 1 to 1000"),
        ("RTP_PORT_START", "1023", "not a number from 1024 to 65000"),
        ("RTP_PORT_COUNT", "99", "not a number from 100 to 64000"),
        ("DRAIN_SECONDS", "7201", "not a number from 0 to 7200"),
        ("MEDIA_TIMEOUT_SECONDS", "86401", "not a number from 0 to 86400"),
        ("MAX_CALL_SECONDS", "0", "not a number from 1 to 604800"),
        ("RECORDINGS_BYTES", "1.5", "not a number from 0 to 1000000000000"),
        ("TLS_VERIFY", "yes", "neither true nor false"),
        ("SPEECH_ENGINE", "festival", "none of espeak-ng, polly"),
    ],
)
def test_wrong_variable_is_named_and_not_shown(name: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(NEEDED | {name: value})
    assert str(caught.value) == f"{name} is {why}"


def test_task_with_a_wrong_environment_ends_with_2_and_says_why() -> None:
    own = os.environ | NEEDED | {"SIP_PORT": "sip"}
    run = subprocess.run(
        [sys.executable, "-m", "signaling"], env=own, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (2, "signaling: SIP_PORT is not a number from 0 to 65535\n")
