"""``python -m signaling``: the task as it runs in the cloud, configured by its environment."""

from __future__ import annotations

import base64
import logging
import os
import sys
from typing import Any

import boto3

from .controller import FETCH_SECONDS, STEP_SECONDS, LambdaController, Unseal, invoker
from .fargate import identified
from .loop import THREADS
from .presence import Presence
from .settings import Settings, SettingsError, read_settings
from .speech import espeak, polly
from .task import run_task

SEALED = "sealed:"
# boto3's stubs give client() an overload a service; here any service will do.
_client: Any = boto3.client


def main() -> int:
    """Exit code 2: the environment is wrong, and standard error says where."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
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
    synthesize = polly(boto3.client("polly")) if settings.speech_engine == "polly" else espeak

    presence = Presence(settings, _client)
    try:
        run_task(settings, controller, _unseal(boto3.client("kms"), settings), synthesize, presence.begin)
    finally:
        controller.close()
        presence.end()
    return 0


def _unseal(client: Any, settings: Settings) -> Unseal:
    def unseal(password: str) -> str:
        if not password.startswith(SEALED):
            return password
        blob = base64.b64decode(password.removeprefix(SEALED))
        return str(client.decrypt(CiphertextBlob=blob, KeyId=settings.seal_key_id)["Plaintext"].decode())

    return unseal


if __name__ == "__main__":
    sys.exit(main())
