"""The verbs of a document.  Every value is valid: what was wrong became its default and a `Problem`.

``line`` is where the verb's start tag ends, as libxml2 counts.  Times are whole seconds.  URLs are as
written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import Problem
from .nouns import Method, Noun


@dataclass(frozen=True, slots=True)
class Say:
    """Speak ``text``.  ``loop`` 0 is for ever."""

    line: int
    text: str
    voice: str
    language: str
    loop: int


@dataclass(frozen=True, slots=True)
class Play:
    """Play the sound at ``url``.  ``loop`` 0 is for ever."""

    line: int
    url: str
    loop: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait ``length`` seconds."""

    line: int
    length: int


Prompt = Say | Play | Pause


@dataclass(frozen=True, slots=True)
class Gather:
    """Collect digits.  ``action`` None is the current document; ``finish_on_key`` '' is no key;
    ``num_digits`` None is no limit."""

    line: int
    action: str | None
    method: Method
    timeout: int
    finish_on_key: str
    num_digits: int | None
    input: str
    language: str
    hints: str
    partial_result_callback: str | None
    partial_result_callback_method: Method
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the document at ``url``."""

    line: int
    url: str
    method: Method


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse an unanswered call: ``reason`` is ``rejected`` or ``busy``."""

    line: int
    reason: Literal["rejected", "busy"]


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""

    line: int


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect the caller to whichever of ``nouns`` is accepted first (docs/contract.md §2).

    ``caller_id`` None is the parent's From.  ``caller_id_error`` set: the Dial fails with it, nothing is
    dialled. ``record`` None is no recording, else when it starts: ``record-from-answer``,
    ``record-from-ringing-dual`` … ``nouns`` has at most ten; it is empty when the document named nothing that
    can be dialled: the Dial fails.
    """

    line: int
    action: str | None
    method: Method
    timeout: int
    time_limit: int
    caller_id: str | None
    caller_id_error: Problem | None
    record: str | None
    hangup_on_star: bool
    answer_on_bridge: bool
    ring_tone: str
    dial_music: str | None
    sequential: bool
    refer_url: str | None
    refer_method: Method
    nouns: tuple[Noun, ...]


Verb = Say | Play | Pause | Gather | Redirect | Reject | Hangup | Dial


@dataclass(frozen=True, slots=True)
class Document:
    """A document ready to run, and what was wrong with it, in document order."""

    verbs: tuple[Verb, ...]
    problems: tuple[Problem, ...]
