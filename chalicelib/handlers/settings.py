"""The environment of each function (infra/template.yaml), checked when the function is loaded."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Of every function.  The names that begin with POWERTOOLS are powertools' own; no namespace: no metrics."""

    accounts_table: str
    calls_table: str
    powertools_service_name: str = "callapi"
    powertools_metrics_namespace: str = ""


class StepSettings(Settings, frozen=True, kw_only=True):
    """Of a function that carries out steps."""

    callbacks_queue_url: str


class ReaperSettings(StepSettings, frozen=True, kw_only=True):
    """Of functions/reaper."""

    fetch_function: str


class ApiSettings(StepSettings, frozen=True, kw_only=True):
    """Of functions/api, which alone announces created calls."""

    outbound_queue_url: str
    seal_key_id: str
    recordings_bucket: str


class FetchSettings(Settings, frozen=True, kw_only=True):
    """Of functions/fetch.  ``allowed_addresses``: hosts and CIDRs that are allowed although they are private."""

    seal_key_id: str
    allowed_addresses: str = ""


class CallbacksSettings(Settings, frozen=True, kw_only=True):
    """Of functions/callbacks."""

    callbacks_queue_url: str
    callbacks_dead_letters_url: str
    allowed_addresses: str = ""
