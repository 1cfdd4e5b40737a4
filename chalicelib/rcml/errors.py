"""What can be wrong with a document, as values and as one small exception tree.

    RcmlError                  the document cannot run; carries the Problem
    ├── NotWellFormedError     12100: not XML, a DTD, an entity declaration, an unknown encoding
    ├── NoResponseError        12102: the root element is not <Response>
    └── TooLargeError          11750: more than 64 KiB

Everything else is a `Problem` in the document: it never stops a call by surprise.
Messages never repeat the value of a password, nor the XML around a syntax error, because both are logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["warning", "error"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.  ``code`` is of the catalogue; ``line`` and ``column`` count from 1, in characters."""

    code: int
    message: str
    line: int
    column: int
    severity: Severity = "warning"

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.severity} {self.code}: {self.message}"


class RcmlError(Exception):
    """A document that cannot run.  The answer is the fallback URL or a hang-up (docs/contract.md §4)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class NotWellFormedError(RcmlError):
    """12100."""


class NoResponseError(RcmlError):
    """12102."""


class TooLargeError(RcmlError):
    """11750."""
