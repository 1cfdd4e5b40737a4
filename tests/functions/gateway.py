"""Requests as API Gateway (REST, proxy integration) hands them to the API function."""

from __future__ import annotations

import base64
from typing import Any

from tests.storage.cloud import ACCOUNT, TOKEN

STAGE = "/v1"


def gateway_event(
    method: str,
    path: str,
    *,
    credentials: str = f"{ACCOUNT}:{TOKEN}",
    accept: str = "*/*",
    body: str = "",
) -> dict[str, Any]:
    """``path`` without the stage; ``credentials`` are ``user:password``, empty for none."""
    headers = {"Accept": accept, "Content-Type": "application/x-www-form-urlencoded"}
    if credentials:
        headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    resource = "/" if path == "/" else "/{proxy+}"
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None if path == "/" else {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": STAGE + path,
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": body or None,
        "isBase64Encoded": False,
    }
