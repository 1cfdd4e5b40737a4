"""Documents for the task under test: the URLs of the application, and RCML that dials."""

from __future__ import annotations

from tests.signaling.peer import Peer

SITE = "http://app.example/"
MAIN = f"{SITE}main"
AFTER = f"{SITE}after"
WAITS = {MAIN: "<Response><Say>Hello</Say><Pause length='60'/></Response>"}
HOOK = f'statusCallback="{SITE}events" statusCallbackEvent="initiated ringing answered completed"'


def dial(*nouns: str, attributes: str = "") -> str:
    """A document that dials ``nouns``: markup, or SIP URIs."""
    inside = "".join(noun if noun.startswith("<") else f"<Sip>{noun}</Sip>" for noun in nouns)
    return f"<Response><Dial {attributes}>{inside}</Dial></Response>"


def sip(peer: Peer, attributes: str = "") -> str:
    return f"<Sip {attributes}>{peer.uri}</Sip>"
