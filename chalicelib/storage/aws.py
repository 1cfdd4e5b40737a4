"""AWS clients, made when a function first needs them: loading one costs a cold start tens of milliseconds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 2
READ_SECONDS = 5
FETCH_SECONDS = 40


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client of this process."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 4},
        ),
    )


@cache
def sqs() -> SQSClient:
    """The SQS client of this process."""
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS))


@cache
def kms() -> KMSClient:
    """The KMS client of this process."""
    import boto3
    from botocore.config import Config

    return boto3.client("kms", config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS))


@cache
def s3() -> Any:
    """The S3 client of this process, at the region's own address: the links that it signs hold for that host only."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            signature_version="s3v4",
            s3={"us_east_1_regional_endpoint": "regional"},
        ),
    )


@cache
def functions() -> LambdaClient:
    """The Lambda client: it waits as long as ``functions/fetch`` may take, and invokes once only."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "lambda",
        config=Config(
            connect_timeout=CONNECT_SECONDS, read_timeout=FETCH_SECONDS, retries={"total_max_attempts": 1}
        ),
    )
