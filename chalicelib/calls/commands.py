"""The commands that the engine gives to the driver of a session: the signaling task, the reaper or a simulator.

Commands name mechanisms, not policy.  The task does alone what must not wait for a round trip, as the parameters of
the command say: cancel the losers of a Dial, bridge the leg that needs no screening, stop at a limit, count digits.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..sip.headers import Headers
from .routing.policy import HostRules
from .types import CallEvent, Method, Value


class Ring(Value, frozen=True, tag="ring"):
    """Send 180 to the caller."""

    call: str


class Answer(Value, frozen=True, tag="answer"):
    """Send 200 to the caller."""

    call: str


class Reject(Value, frozen=True, tag="reject"):
    """Refuse the caller's INVITE with ``code``."""

    call: str
    code: int


class Hangup(Value, frozen=True, tag="hangup"):
    """End ``call``: CANCEL, BYE or (inbound, unanswered) 603, as the state of its dialog requires.

    For a call it does not know the task reports ``Ended`` at once.
    """

    call: str


class OutboundLeg(Value, frozen=True):
    """One outbound call to place.

    ``uri`` is a SIP URI without header part.  ``from_uri`` is a SIP URI, or a bare user or number that the task
    completes with its own host.  ``headers`` go on the INVITE, again on the authenticated one.
    ``password`` is sealed, or plain where nothing seals (simulation); ``credential_ref`` is AccountSid/name of a
    stored secret instead of the two.  ``screened``: answering is not accepting.
    ``timeout``: seconds to ring; ``delay``: seconds to wait first.  ``rules``: every address and port that the URI
    leads to, and every URI that a redirection leads to, must be permitted by them.
    ``to``: the URI of To where that is not ``uri``.  ``proxy``: a SIP URI; the INVITE goes there, with a Route header
    that names it.  ``received``: a SIP URI with an address, which the callee registered from; it is tried before
    where ``uri`` leads.  ``send_digits``: keys to press after the answer and before the bridge; ``w`` waits 0.5 s.
    """

    call: str
    uri: str
    from_uri: str
    from_name: str = ""
    headers: Headers = ()
    username: str = ""
    password: str = ""
    credential_ref: str = ""
    rules: HostRules | None = None
    screened: bool = False
    timeout: float = 30
    delay: float = 0
    to: str = ""
    proxy: str = ""
    received: str = ""
    send_digits: str = ""


class Invite(Value, frozen=True, tag="invite"):
    """Place the parent call of an API session.

    ``time_limit``: seconds from its answer to our BYE, which no Dial extends; 0: as for any other call.
    """

    leg: OutboundLeg
    time_limit: float = 0


class Recording(Value, frozen=True):
    """Record the two ends of a Dial as ``sid``, since its first ringing or since its answer (the bridge).

    One channel holds both; of two the caller has the left one.
    """

    sid: str
    account_sid: str
    since: Literal["answer", "ringing"] = "answer"
    channels: Literal[1, 2] = 1


class DialLegs(Value, frozen=True, tag="dial"):
    """INVITE all legs.  The first that is accepted is bridged to ``call`` and the others are cancelled.

    ``ring_tone`` (a country) is what a caller with audio hears until the bridge, or the WAV at ``music`` (absolute
    URL) again and again.  ``answer_on_bridge``: the caller's INVITE is answered at the bridge.  ``time_limit``:
    seconds from the bridge.  ``hangup_on_star``: a ``*`` of the caller is reported as ``Starred``, not passed on.
    ``takes_refer``: a REFER of a bridged party is accepted and reported as ``Referred``.
    """

    call: str
    legs: tuple[OutboundLeg, ...]
    time_limit: float = 14400
    ring_tone: str = "us"
    answer_on_bridge: bool = False
    recording: Recording | None = None
    music: str = ""
    hangup_on_star: bool = False
    takes_refer: bool = False


class Bridge(Value, frozen=True, tag="bridge"):
    """The screened leg ``leg`` was accepted: bridge it to ``call``, or hang it up if another leg already is bridged."""

    call: str
    leg: str


class Part(Value, frozen=True, tag="part"):
    """Take ``legs`` out of the Dial on ``call``: neither bridged to it nor cancelled with the others, now or later.

    A Dial that has no legs left is over: no ring tone, and nothing at its limit.
    """

    call: str
    legs: tuple[str, ...]


class Notify(Value, frozen=True, tag="notify"):
    """Tell ``call``, which sent REFER, how that went: NOTIFY with ``code`` as a final response (RFC 3515 §2.4.4)."""

    call: str
    code: int


class Say(Value, frozen=True, tag="say"):
    """Speak ``text``; ``loop`` times, 0 = until the call ends."""

    text: str
    voice: str = "man"
    language: str = "en"
    loop: int = 1


class Play(Value, frozen=True, tag="play"):
    """Play the WAV at the absolute ``url``; ``loop`` times, 0 = until the call ends."""

    url: str
    loop: int = 1


class Pause(Value, frozen=True, tag="pause"):
    """``seconds`` of silence."""

    seconds: float


class Gather(Value, frozen=True, tag="gather"):
    """Collect digits while the prompts play (the first digit stops them).

    Ends at ``num_digits`` (0 = no limit), at a key of ``finish_on_key``, or ``timeout`` seconds after the last
    digit or the last prompt.
    """

    prompts: tuple[Say | Play | Pause, ...] = ()
    timeout: float = 5
    finish_on_key: str = "#"
    num_digits: int = 0


class Perform(Value, frozen=True, tag="perform"):
    """Do ``items`` on ``call`` one after another and report ``Performed`` with ``id``.  Replaces what was running."""

    call: str
    id: str
    items: tuple[Say | Play | Pause | Gather, ...]


class Fetch(Value, frozen=True, tag="fetch"):
    """Ask the application.  The driver invokes ``functions/fetch`` and feeds ``Fetched`` back with ``id``."""

    call: str
    id: str
    account_sid: str
    url: str
    method: Method = "POST"
    parameters: dict[str, str] = msgspec.field(default_factory=dict)


Command = Ring | Answer | Reject | Hangup | Invite | DialLegs | Bridge | Part | Notify | Perform | Fetch


def subject(command: Command) -> str:
    """The CallSid of the call that ``command`` is about."""
    return command.leg.call if isinstance(command, Invite) else command.call


class Callback(Value, frozen=True):
    """A status callback to deliver: everything the request needs, fixed when the event happened.

    ``id`` (call sid + sequence number) is the ``webhook-id`` and the queue's deduplication id, the same at every try.
    """

    id: str
    call: str
    account_sid: str
    url: str
    method: Method
    event: CallEvent
    sequence: int
    at: float
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
