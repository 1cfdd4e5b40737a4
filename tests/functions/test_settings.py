"""A function that is not told what it needs does not start, and says which variable is missing."""

from __future__ import annotations

import pytest

from chalicelib.environment import SettingsError
from tests.storage.cloud import loaded

ALL = {
    name: name.lower()
    for name in (
        "ACCOUNTS_TABLE", "CALLS_TABLE", "CALLBACKS_QUEUE_URL", "CALLBACKS_DEAD_LETTERS_URL", "OUTBOUND_QUEUE_URL",
        "FETCH_FUNCTION", "SEAL_KEY_ID", "RECORDINGS_BUCKET",
    )
}  # fmt: skip
NEEDED = {
    "api": {
        "ACCOUNTS_TABLE", "CALLS_TABLE", "CALLBACKS_QUEUE_URL", "OUTBOUND_QUEUE_URL", "SEAL_KEY_ID",
        "RECORDINGS_BUCKET",
    },
    "callbacks": {"ACCOUNTS_TABLE", "CALLS_TABLE", "CALLBACKS_QUEUE_URL", "CALLBACKS_DEAD_LETTERS_URL"},
    "fetch": {"ACCOUNTS_TABLE", "CALLS_TABLE", "SEAL_KEY_ID"},
    "reaper": {"ACCOUNTS_TABLE", "CALLS_TABLE", "CALLBACKS_QUEUE_URL", "FETCH_FUNCTION"},
    "register": {"ACCOUNTS_TABLE", "CALLS_TABLE"},
    "step": {"ACCOUNTS_TABLE", "CALLS_TABLE", "CALLBACKS_QUEUE_URL"},
}  # fmt: skip


@pytest.mark.parametrize("function", NEEDED)
def test_missing_or_blank_variable_is_named_when_the_function_is_loaded(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    loaded(function)
    for name in NEEDED[function]:
        with monkeypatch.context() as without:
            without.setenv(name, " ")
            with pytest.raises(SettingsError, match=f"^{name} is not set$"):
                loaded(function)


@pytest.mark.parametrize("function", NEEDED)
def test_function_needs_no_variable_of_another(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    for name in ALL:
        monkeypatch.delenv(name, raising=False)
    for name in NEEDED[function]:
        monkeypatch.setenv(name, ALL[name])
    loaded(function)
