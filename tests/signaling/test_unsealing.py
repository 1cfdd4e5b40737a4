from __future__ import annotations

import base64

import boto3
import pytest
from botocore.config import Config

from chalicelib.storage.secrets import Sealer
from signaling.routing.target import TargetError
from signaling.routing.unsealing import unsealer
from tests.storage.cloud import Cloud
from tests.webhooks.servers import answer, application


def test_task_opens_what_the_functions_sealed(cloud: Cloud) -> None:
    kms, key = boto3.client("kms"), cloud.environment["SEAL_KEY_ID"]
    sealed = Sealer(kms, key).seal("pä&ss word")
    assert "word" not in sealed
    assert unsealer(kms, key)(sealed) == "pä&ss word"


def test_password_that_was_never_sealed_is_itself(cloud: Cloud) -> None:
    assert unsealer(boto3.client("kms"), "k")("plain") == "plain"


@pytest.mark.parametrize("blob", ["???", "c2hvcnQ=", ""])
def test_what_the_key_did_not_seal_is_an_unusable_credential_and_is_not_shown(
    cloud: Cloud, blob: str
) -> None:
    with pytest.raises(TargetError) as failed:
        unsealer(boto3.client("kms"), cloud.environment["SEAL_KEY_ID"])(f"sealed:{blob}")
    assert failed.value.code == 13249
    assert blob == "" or blob not in str(failed.value)


def test_kms_is_asked_once_per_password_and_again_after_it_failed() -> None:
    plain = base64.b64encode(b"secret").decode()
    opened = answer(200, f'{{"Plaintext": "{plain}"}}'.encode(), "application/x-amz-json-1.1")
    throttled = answer(400, b'{"__type": "ThrottlingException"}', "application/x-amz-json-1.1")
    with application(throttled, opened) as server:
        kms = boto3.client(
            "kms", region_name="eu-central-1", endpoint_url=server.url(""), aws_access_key_id="x",
            aws_secret_access_key="x", config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip
        unseal = unsealer(kms, "k")
        with pytest.raises(kms.exceptions.ClientError):
            unseal("sealed:c2VhbGVk")
        assert [unseal("sealed:c2VhbGVk"), unseal("sealed:c2VhbGVk")] == ["secret", "secret"]
        assert len(server.requests) == 2
