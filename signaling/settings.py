"""The task's configuration: one table of what each variable of its environment may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.environment import read_environment

SpeechEngine = Literal["espeak-ng", "polly"]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is the environment variable of the same name in upper case.  Port 0: a free one.

    ``max_calls`` counts sessions, 1 to 1000; ``drain_seconds`` is how long SIGTERM waits for calls to end;
    ``media_timeout_seconds`` how long an answered call may send neither RTP nor RTCP before it is hung up, 0 for ever;
    ``max_call_seconds`` how long any call may last, 1 s to a week, unless a Dial with a longer limit is running.
    ``register_function``: empty for a task at which nobody can register.
    ``api_url``: base address of the REST API, in the URL of a recording.  ``recordings_bytes``: of this task's disk.
    ``sip_host6``: an IPv6 address of this machine (not ``::``), for callees that have one; empty: no IPv6.
    ``name_servers``: DNS servers (``address`` or ``address:port``) instead of the system's.
    ``tls_verify``: hold a server's certificate against ``tls_ca_file`` and the host of the URI (RFC 5922).
    ``tls_cert_file`` and ``tls_key_file``: for those who call us over TLS.
    """

    task_id: str
    step_function: str
    fetch_function: str
    register_function: str = ""
    sip_host: str = "0.0.0.0"
    sip_host6: str = ""
    sip_port: Port = 5060
    public_address: str = ""
    rtp_port_start: Annotated[int, Meta(ge=1024, le=65000)] = 10000
    rtp_port_count: Annotated[int, Meta(ge=100, le=64000)] = 20000
    max_calls: Annotated[int, Meta(ge=1, le=1000)] = 400
    outbound_queue_url: str = ""
    task_queue_url: str = ""
    task_queue_prefix: str = ""
    calls_table: str = ""
    seal_key_id: str = ""
    credentials_prefix: str = ""
    speech_engine: SpeechEngine = "espeak-ng"
    allowed_addresses: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    tls_port: Port = 0
    tls_verify: bool = True
    tls_ca_file: str = "/etc/ssl/certs/ca-certificates.crt"
    tls_cert_file: str = ""
    tls_key_file: str = ""
    health_port: Port = 8080
    ready_file: str = ""
    drain_seconds: Annotated[int, Meta(ge=0, le=7200)] = 90
    media_timeout_seconds: Annotated[int, Meta(ge=0, le=86400)] = 60
    max_call_seconds: Annotated[int, Meta(ge=1, le=604800)] = 14400
    ecs_agent_uri: str = ""
    metrics_namespace: str = ""
    api_url: str = ""
    recordings_bucket: str = ""
    recordings_bytes: Annotated[int, Meta(ge=0, le=10**12)] = 8 * 1024**3


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError for the first variable that cannot be used."""
    settings = read_environment(Settings, environment)
    return msgspec.structs.replace(settings, sip_host6=settings.sip_host6.strip("[]"))
