"""The task's configuration: the environment, read and checked once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

SpeechEngine = Literal["espeak-ng", "polly"]
SPEECH_ENGINES: tuple[SpeechEngine, ...] = get_args(SpeechEngine)


class SettingsError(Exception):
    """A variable of the environment is missing or has a wrong value; the text names it."""


@dataclass(frozen=True)
class Settings:
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

    sip_host: str = "0.0.0.0"
    sip_host6: str = ""
    sip_port: int = 5060
    public_address: str = ""
    rtp_port_start: int = 10000
    rtp_port_count: int = 20000
    max_calls: int = 400
    task_id: str = "task"
    step_function: str = ""
    fetch_function: str = ""
    register_function: str = ""
    outbound_queue_url: str = ""
    task_queue_url: str = ""
    task_queue_prefix: str = ""
    calls_table: str = ""
    seal_key_id: str = ""
    credentials_prefix: str = ""
    speech_engine: SpeechEngine = "espeak-ng"
    allowed_addresses: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    tls_port: int = 0
    tls_verify: bool = True
    tls_ca_file: str = "/etc/ssl/certs/ca-certificates.crt"
    tls_cert_file: str = ""
    tls_key_file: str = ""
    health_port: int = 8080
    ready_file: str = ""
    drain_seconds: int = 90
    media_timeout_seconds: int = 60
    max_call_seconds: int = 14400
    ecs_agent_uri: str = ""
    metrics_namespace: str = ""
    api_url: str = ""
    recordings_bucket: str = ""
    recordings_bytes: int = 8 * 1024**3


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError for the first variable that cannot be used."""
    defaults = Settings()
    return Settings(
        sip_host=environment.get("SIP_HOST", defaults.sip_host),
        sip_host6=environment.get("SIP_HOST6", "").strip("[]"),
        sip_port=_number(environment, "SIP_PORT", defaults.sip_port, 0, 65535),
        public_address=environment.get("PUBLIC_ADDRESS", ""),
        rtp_port_start=_number(environment, "RTP_PORT_START", defaults.rtp_port_start, 1024, 65000),
        rtp_port_count=_number(environment, "RTP_PORT_COUNT", defaults.rtp_port_count, 100, 64000),
        max_calls=_number(environment, "MAX_CALLS", defaults.max_calls, 1, 1000),
        task_id=_text(environment, "TASK_ID"),
        step_function=_text(environment, "STEP_FUNCTION"),
        fetch_function=_text(environment, "FETCH_FUNCTION"),
        register_function=environment.get("REGISTER_FUNCTION", ""),
        outbound_queue_url=environment.get("OUTBOUND_QUEUE_URL", ""),
        task_queue_url=environment.get("TASK_QUEUE_URL", ""),
        task_queue_prefix=environment.get("TASK_QUEUE_PREFIX", ""),
        calls_table=environment.get("CALLS_TABLE", ""),
        seal_key_id=environment.get("SEAL_KEY_ID", ""),
        credentials_prefix=environment.get("CREDENTIALS_PREFIX", ""),
        speech_engine=_speech_engine(environment.get("SPEECH_ENGINE", defaults.speech_engine)),
        allowed_addresses=_list(environment, "ALLOWED_ADDRESSES"),
        name_servers=_list(environment, "NAME_SERVERS"),
        tls_port=_number(environment, "TLS_PORT", defaults.tls_port, 0, 65535),
        tls_verify=_truth(environment, "TLS_VERIFY"),
        tls_ca_file=environment.get("TLS_CA_FILE", defaults.tls_ca_file),
        tls_cert_file=environment.get("TLS_CERT_FILE", ""),
        tls_key_file=environment.get("TLS_KEY_FILE", ""),
        health_port=_number(environment, "HEALTH_PORT", defaults.health_port, 0, 65535),
        ready_file=environment.get("READY_FILE", ""),
        media_timeout_seconds=_number(
            environment, "MEDIA_TIMEOUT_SECONDS", defaults.media_timeout_seconds, 0, 86400
        ),
        max_call_seconds=_number(environment, "MAX_CALL_SECONDS", defaults.max_call_seconds, 1, 604800),
        drain_seconds=_number(environment, "DRAIN_SECONDS", defaults.drain_seconds, 0, 7200),
        ecs_agent_uri=environment.get("ECS_AGENT_URI", ""),
        metrics_namespace=environment.get("METRICS_NAMESPACE", ""),
        api_url=environment.get("API_URL", ""),
        recordings_bucket=environment.get("RECORDINGS_BUCKET", ""),
        recordings_bytes=_number(environment, "RECORDINGS_BYTES", defaults.recordings_bytes, 0, 10**12),
    )


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is not a number from {least} to {most}")
    return int(text)


def _truth(environment: Mapping[str, str], name: str) -> bool:
    """True unless the variable says otherwise."""
    text = environment.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        raise SettingsError(f"{name} is neither true nor false")
    return text != "false"


def _speech_engine(text: str) -> SpeechEngine:
    for engine in SPEECH_ENGINES:
        if text == engine:
            return engine
    raise SettingsError(f"SPEECH_ENGINE is none of {', '.join(SPEECH_ENGINES)}")
