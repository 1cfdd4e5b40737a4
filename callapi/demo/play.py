"""Plays the demonstration and judges it: the parties, the story, and the one line at its end."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from rich.console import Console

from chalicelib.calls.session import Application as Voice
from chalicelib.sip.message import Message
from chalicelib.sip.uri import read_uri
from chalicelib.storage.table import Table

from ..ladder import ladder
from ..platform import Platform, platform
from ..processes import LOOPBACK, Child, StartError, free_port
from ..trace import Recorded, moments, read_session
from .application import Application, Request
from .peers import Party
from .rtp import RtpEndpoint

CALLER_TONE, AGENT_TONE = 600, 1000
SECONDS = 45.0
PROMPT_PACKETS = 75
LEGS = 3


class FailedError(Exception):
    """The demonstration did not go as it must; the text says where."""


@dataclass(frozen=True)
class Stage:
    """The parties that the story needs, all of them ready."""

    local: Platform
    application: Application
    caller: RtpEndpoint
    agent: RtpEndpoint
    callees: tuple[Child, ...]


def demo() -> int:
    """Play it, print what happens, and end with the PASS or FAIL line; 0 or 1."""
    console = Console(highlight=False)
    try:
        with ExitStack() as stack:
            stage = _set_up(stack, console)
            summary = _play(stack, stage, console)
    except (FailedError, StartError) as error:
        print(f"FAIL {error}")
        return 1
    print(summary)
    return 0


def _set_up(stack: ExitStack, console: Console) -> Stage:
    """Start the web server, the platform and the callees; ``stack`` ends them."""
    agent, busy, silent = (free_port() for _ in range(3))
    password = secrets.token_urlsafe(12)
    told = _teller(console)
    application = stack.enter_context(Application(_document(busy, agent, silent, password), told))
    caller_sound = stack.enter_context(RtpEndpoint(CALLER_TONE))
    agent_sound = stack.enter_context(RtpEndpoint(AGENT_TONE))
    caller_sound.listen_for(AGENT_TONE)
    agent_sound.listen_for(CALLER_TONE)
    status = stack.enter_context(console.status("setting up"))
    voice = Voice(account_sid="", url=f"{application.url}/voice")
    local = stack.enter_context(platform(voice, status.update))
    application.token = local.running.ready.auth_token
    keys = {"rtp_port": str(agent_sound.port), "username": "agent", "password": password}
    parties = (Party("busy", busy, {}), Party("agent", agent, keys, "t1"), Party("silent", silent, {}))
    callees = tuple(_started(stack, party, local.folder) for party in parties)
    status.stop()
    return Stage(local, application, caller_sound, agent_sound, callees)


def _document(busy: int, agent: int, silent: int, password: str) -> str:
    hook = 'statusCallback="/status" statusCallbackEvent="initiated ringing answered completed"'
    return f"""<Response>
  <Dial action="/action" timeout="20">
    <Sip {hook}>sip:busy@{LOOPBACK}:{busy}</Sip>
    <Sip {hook} url="/screen" username="agent" password={quoteattr(password)}>
      sip:agent@{LOOPBACK}:{agent};transport=tcp?ticket=4711</Sip>
    <Sip {hook}>sip:silent@{LOOPBACK}:{silent}</Sip>
  </Dial>
</Response>"""


def _started(stack: ExitStack, party: Party, folder: Path, target: str = "") -> Child:
    child = party.start(folder, target)
    stack.callback(child.stop, 1.0)
    return child


def _play(stack: ExitStack, stage: Stage, console: Console) -> str:
    """The story of one call; the summary line, or FailedError."""
    address = read_uri(stage.local.running.ready.sip_uri)
    keys = {"rtp_port": str(stage.caller.port)}
    caller = _started(
        stack, Party("caller", free_port(), keys), stage.local.folder, f"{address.host}:{address.port}"
    )
    application = stage.application
    _wait("the agent to hear the prompt", lambda: stage.agent.packets > PROMPT_PACKETS, stage)
    stage.agent.press(1)
    _wait("the action request", lambda: bool(application.received("/action")), stage)
    _wait("every leg's completed callback", lambda: len(_completed(application)) == LEGS, stage)
    _wait(
        "the parties to finish", lambda: not any(child.running for child in (caller, *stage.callees)), stage
    )
    call = application.received("/action")[0].parameters["CallSid"]
    table = Table(stage.local.cloud.dynamodb(), stage.local.stack["CallsTable"])
    _wait("the log of the call", lambda: _is_whole(read_session(table, call)), stage)
    console.print("\n" + ladder(moments(read_session(table, call))) + "\n", markup=False, soft_wrap=True)
    return _judge(stage)


def _is_whole(recorded: Recorded) -> bool:
    """The last step is there, and the answer to a BYE: SIP messages may come a little later than the steps."""
    messages = [Message(message.text) for message in recorded.messages]
    answered = any(message.is_response and message.cseq[1] == "BYE" for message in messages)
    return recorded.rows[-1].state.over and answered


def _completed(application: Application) -> list[Request]:
    hooks = application.received("/status")
    return [hook for hook in hooks if hook.parameters.get("StatusCallbackEvent") == "completed"]


def _judge(stage: Stage) -> str:
    """The PASS line; FailedError with the first thing that is not as it must be."""
    action = stage.application.received("/action")[0].parameters
    hooks = stage.application.received("/status")
    legs = json.loads(action.get("DialLegs", "[]"))
    expected = {
        "DialCallStatus": "completed",
        "DialSipResponseCode": "200",
        "DialBridged": "true",
        "DialSipHeader_X-Agent": "seat-7",
    }
    for name, value in expected.items():
        if action.get(name) != value:
            raise FailedError(f"{name} is {action.get(name)!r}, not {value!r}")
    if sorted(leg["status"] for leg in legs) != ["busy", "canceled", "completed"]:
        raise FailedError(f"the legs ended {[leg['status'] for leg in legs]}")
    if not all(request.verified for request in stage.application.requests):
        raise FailedError("a request's signature is wrong")
    _judge_order(hooks)
    for party, sound, tone in (("agent", stage.agent, CALLER_TONE), ("caller", stage.caller, AGENT_TONE)):
        if tone not in sound.tones:
            raise FailedError(f"the {party} did not hear {tone} Hz")
    return (
        f"PASS DialCallStatus={action['DialCallStatus']} DialSipResponseCode={action['DialSipResponseCode']} "
        f"legs={len(legs)} callbacks={len(hooks)} audio=both-ways"
    )


def _judge_order(hooks: list[Request]) -> None:
    """Each call's SequenceNumbers arrive as 0, 1, 2 …"""
    for call in {hook.parameters["CallSid"] for hook in hooks}:
        numbers = [int(h.parameters["SequenceNumber"]) for h in hooks if h.parameters["CallSid"] == call]
        if numbers != list(range(len(numbers))):
            raise FailedError(f"the callbacks of {call} arrived as {numbers}")


def _wait(what: str, done: Callable[[], bool], stage: Stage) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise FailedError(f"waited {SECONDS:g} s for {what}\n{stage.local.signaling.last_words()}")
        if not stage.local.signaling.running:
            raise FailedError(f"the signaling process ended\n{stage.local.signaling.last_words()}")
        time.sleep(0.05)


def _teller(console: Console) -> Callable[[Request], None]:
    started = time.monotonic()

    def tell(request: Request) -> None:
        given = request.parameters
        fields = [
            f"{time.monotonic() - started:7.2f} s  {request.path:9}",
            given.get("To", "")[:44].ljust(44),
            given.get("StatusCallbackEvent", "").ljust(9),
            given.get("DialCallStatus", given.get("CallStatus", "")).ljust(11),
            f"#{given['SequenceNumber']}" if "SequenceNumber" in given else "  ",
            "signature ok" if request.verified else "SIGNATURE WRONG",
        ]
        console.print(" ".join(fields), markup=False, soft_wrap=True)

    return tell
