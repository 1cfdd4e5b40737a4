"""``callapi call``: places a call through the REST API, as any program would, and follows it to its end."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from .platform import Ready

OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})
POLL_SECONDS = 0.5
API_SECONDS = 15


class RefusedError(Exception):
    """The REST API refused; the text is its code and message."""


def place_call(ready: Ready, form: dict[str, str]) -> dict[str, Any]:
    """POST Calls with ``form``; the resource of the new call."""
    return _request(ready, "Calls.json", form)


def show_call(ready: Ready, sid: str) -> dict[str, Any]:
    """GET Calls/{CallSid}."""
    return _request(ready, f"Calls/{sid}.json", None)


def call(ready: Ready, form: dict[str, str]) -> int:
    """Place the call and print each status it goes through; 0 when it was completed, else 1."""
    resource = place_call(ready, form)
    sid = str(resource["sid"])
    print(f"{sid} to {resource['to']}")
    shown = ""
    started = time.monotonic()
    while shown not in OVER:
        status = str(resource["status"])
        if status != shown:
            print(f"{time.monotonic() - started:7.1f} s  {status}", flush=True)
            shown = status
        if shown not in OVER:
            time.sleep(POLL_SECONDS)
            resource = show_call(ready, sid)
    print(f"callapi trace {sid}")
    return 0 if shown == "completed" else 1


def _request(ready: Ready, path: str, form: dict[str, str] | None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{ready.api_url}/2012-04-24/Accounts/{ready.account_sid}/{path}",
        data=urllib.parse.urlencode(form).encode() if form is not None else None,
    )
    credentials = base64.b64encode(f"{ready.account_sid}:{ready.auth_token}".encode()).decode()
    request.add_header("Authorization", f"Basic {credentials}")
    try:
        with urllib.request.urlopen(request, timeout=API_SECONDS) as answer:
            resource: dict[str, Any] = json.load(answer)
            return resource
    except urllib.error.HTTPError as error:
        raise RefusedError(f"{error.code}: {error.read().decode(errors='replace')[:500]}") from None
    except OSError as error:
        raise RefusedError(f"the API does not answer: {error}") from None
