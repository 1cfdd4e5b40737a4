"""RCML: the language in which an application says what its call does next.

``parse(text)`` gives a `Document` of frozen dataclasses, every value of them valid, and the list of what was
wrong. Pure: no I/O, no clock, nothing of the rest of CallAPI.
"""

from .errors import NoResponseError, NotWellFormedError, Problem, RcmlError, TooLargeError
from .nouns import Client, Noun, Number, Sip, Video
from .parser import parse
from .sealing import seal_passwords
from .verbs import Dial, Document, Gather, Hangup, Pause, Play, Prompt, Redirect, Reject, Say, Verb

__all__ = [
    "Client",
    "Dial",
    "Document",
    "Gather",
    "Hangup",
    "NoResponseError",
    "NotWellFormedError",
    "Noun",
    "Number",
    "Pause",
    "Play",
    "Problem",
    "Prompt",
    "RcmlError",
    "Redirect",
    "Reject",
    "Say",
    "Sip",
    "TooLargeError",
    "Verb",
    "Video",
    "parse",
    "seal_passwords",
]
