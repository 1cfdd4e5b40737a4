"""What an account has, as the variable ACCOUNT of ``engine_process`` says it."""

from __future__ import annotations

from typing import Any

AOR = "sip:alice@voice.example.com"


def contact(uri: str, received: str) -> dict[str, Any]:
    return {"uri": uri, "received": received, "expires_at": 0, "registered_at": 0, "aor": AOR}


def alice(*contacts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An account whose client alice registered ``contacts``."""
    return {"clients": {"alice": contacts}} | more
