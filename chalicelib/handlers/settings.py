"""What each function is told by its environment (infra/template.yaml), checked when the function is loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of every function.  The names that begin with POWERTOOLS are powertools' own; no namespace: no metrics."""

    accounts_table: str
    calls_table: str
    powertools_service_name: str = "callapi"
    powertools_metrics_namespace: str = ""


@dataclass(frozen=True, kw_only=True)
class StepSettings(Settings):
    """Of a function that carries out steps."""

    callbacks_queue_url: str


@dataclass(frozen=True, kw_only=True)
class ReaperSettings(StepSettings):
    """Of functions/reaper."""

    fetch_function: str


@dataclass(frozen=True, kw_only=True)
class ApiSettings(StepSettings):
    """Of functions/api, which alone announces created calls."""

    outbound_queue_url: str
    seal_key_id: str
    recordings_bucket: str


@dataclass(frozen=True, kw_only=True)
class FetchSettings(Settings):
    """Of functions/fetch.  ``allowed_addresses``: hosts and CIDRs that are allowed although they are private."""

    seal_key_id: str
    allowed_addresses: str = ""


@dataclass(frozen=True, kw_only=True)
class CallbacksSettings(Settings):
    """Of functions/callbacks."""

    callbacks_queue_url: str
    callbacks_dead_letters_url: str
    allowed_addresses: str = ""
