"""``python -m signaling``: the task as it runs in the cloud, configured by its environment."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import boto3
from botocore.config import Config

from chalicelib.environment import SettingsError
from chalicelib.log_lines import LineFormatter, StandardError

from .cloud.fargate import identified
from .cloud.functions import (
    FETCH_SECONDS,
    REGISTER_SECONDS,
    STEP_SECONDS,
    LambdaController,
    invoker,
    registering,
)
from .cloud.presence import Presence
from .engine.loop import THREADS
from .media.speech import espeak, polly
from .media.uploads import s3_store
from .registrar.registrar import AT_ONCE
from .routing.credentials import stored_credentials
from .routing.unsealing import unsealer
from .settings import read_settings
from .task import run_task

# Asked on the way of a call: a caller waits.
CONFIG = Config(
    connect_timeout=3, read_timeout=10, max_pool_connections=THREADS, retries={"total_max_attempts": 3}
)
# When to try again is decided by who uploads.
UPLOADS = Config(connect_timeout=3, read_timeout=60, retries={"total_max_attempts": 1})
# boto3's stubs give client() an overload a service; here any service will do.
_client: Any = boto3.client


def main() -> int:
    """Exit code 2: the environment is wrong, and standard error says where."""
    logging.basicConfig(level=logging.INFO, handlers=[StandardError(LineFormatter("signaling"))])
    # It tells where it found each endpoint and credential.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        settings = read_settings(identified(os.environ, _client))
    except SettingsError as error:
        print(f"signaling: {error}", file=sys.stderr)
        return 2
    controller = LambdaController(
        invoker(STEP_SECONDS, THREADS),
        invoker(FETCH_SECONDS, THREADS),
        settings.step_function,
        settings.fetch_function,
    )
    unseal = unsealer(boto3.client("kms", config=CONFIG), settings.seal_key_id)
    credentials = stored_credentials(_client("ssm", config=CONFIG), settings.credentials_prefix)
    synthesize = polly(boto3.client("polly", config=CONFIG)) if settings.speech_engine == "polly" else espeak

    bucket = settings.recordings_bucket
    store = s3_store(boto3.client("s3", config=UPLOADS), bucket) if bucket else None
    clients = invoker(REGISTER_SECONDS, AT_ONCE)
    register = registering(clients, settings.register_function) if settings.register_function else None
    presence = Presence(settings, _client)
    try:
        run_task(
            settings,
            controller,
            unseal,
            synthesize,
            presence.begin,
            store,
            credentials=credentials,
            register=register,
        )
    finally:
        presence.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
