"""What the task does with the fuzzer's calls: a document for each user that may be called."""

from __future__ import annotations

from tests.signaling.documents import AFTER, SITE

SCREEN, REFER = f"{SITE}screen", f"{SITE}refer"
LIMITS = 'timeout="4" timeLimit="6"'


def _dial(*nouns: str, attributes: str = "") -> str:
    return f"<Response><Dial {LIMITS} {attributes}>{''.join(nouns)}</Dial></Response>"


def documents(udp: list[int], tcp: int, played: str) -> dict[str, str]:
    """By URL.  ``udp`` and ``tcp``: ports of the callees."""
    hooks = f'statusCallback="{SITE}status" statusCallbackEvent="initiated ringing answered completed"'
    nouns = [f"<Sip {hooks}>sip:fuzz@127.0.0.1:{port}</Sip>" for port in udp]
    over_tcp = f"<Sip>sip:fuzz@127.0.0.1:{tcp};transport=tcp</Sip>"
    screened = [noun.replace("<Sip ", f'<Sip url="{SCREEN}" ') for noun in nouns]
    secret = nouns[0].replace("<Sip ", '<Sip username="alice" password="wonderland" ')
    users = {
        "say": "<Response><Say>Hello there</Say></Response>",
        "play": f'<Response><Play loop="2">{played}</Play></Response>',
        "gather": f'<Response><Gather numDigits="3" timeout="2" action="{AFTER}"><Say>Now</Say></Gather></Response>',
        "record": f'<Response><Record maxLength="2" timeout="1" action="{AFTER}"/></Response>',
        "one": _dial(nouns[0]),
        "many": _dial(*nouns, over_tcp, attributes=f'action="{AFTER}"'),
        "tcp": _dial(over_tcp),
        "screened": _dial(*screened, attributes=f'action="{AFTER}"'),
        "refer": _dial(nouns[0], attributes=f'referUrl="{REFER}"'),
        "bridge": _dial(nouns[1], attributes='answerOnBridge="true"'),
        "sequential": _dial(*nouns, attributes='sequential="true"'),
        "recorded": _dial(nouns[0], attributes='record="record-from-ringing-dual"'),
        "secret": _dial(secret),
        "music": _dial(nouns[2], attributes=f'dialMusic="{played}" hangupOnStar="true"'),
        "refused": '<Response><Reject reason="busy"/></Response>',
    }
    return {SITE + user: body for user, body in users.items()} | {
        f"{SITE}main": users["say"],
        SCREEN: f'<Response><Gather numDigits="1" timeout="1"><Play>{played}</Play></Gather></Response>',
        REFER: _dial(nouns[1]),
        AFTER: "<Response><Say>Bye</Say></Response>",
    }


USERS = (
    "say", "play", "gather", "record", "one", "many", "tcp", "screened", "refer", "bridge", "sequential", "recorded",
    "secret", "music", "refused", "nobody",
)  # fmt: skip
