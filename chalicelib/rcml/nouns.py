"""What ``<Dial>`` dials.  ``url`` is the screening document; URLs are as written, relative ones unresolved.

A noun whose ``problem`` is set cannot be dialled: its leg fails at once with that code and no other leg is
touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .errors import Problem

Method = Literal["GET", "POST"]
Event = Literal["initiated", "ringing", "answered", "completed"]


@dataclass(frozen=True, slots=True)
class Video:
    """``<Video enable="true">``: offer video too.  An element with any other ``enable`` is as if absent."""

    line: int
    overlay: str


@dataclass(frozen=True, slots=True)
class Sip:
    """``<Sip>``.  ``target`` is trimmed but its grammar unchecked: that is `chalicelib.sip.parse_uri`'s work.

    ``delay`` 0–600 s; ``timeout`` 1–600 s or None for the Dial's; ``priority`` and ``weight`` as in RFC 2782.
    """

    line: int
    target: str
    url: str | None
    method: Method
    status_callback: str | None
    status_callback_method: Method
    status_callback_events: tuple[Event, ...]
    username: str | None
    password: str | None = field(repr=False)
    credential_ref: str | None
    delay: int
    timeout: int | None
    priority: int
    weight: int
    video: Video | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Number:
    """``<Number>``: a telephone number, perhaps with ``?header=value`` behind it."""

    line: int
    target: str
    url: str | None
    method: Method
    status_callback: str | None
    status_callback_method: Method
    status_callback_events: tuple[Event, ...]
    send_digits: str | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Client:
    """``<Client>``: a registered client of the account, perhaps with ``?header=value`` behind its name."""

    line: int
    target: str
    url: str | None
    method: Method
    status_callback: str | None
    status_callback_method: Method
    status_callback_events: tuple[Event, ...]
    video: Video | None
    problem: Problem | None


Noun = Sip | Number | Client
