"""The query of GET Calls: filters and paging as Twilio and Restcomm spell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..catalogue import Code
from ..storage.listing import Filter
from .errors import InvalidError

PAGE_SIZE = 50
PAGE_SIZE_MAX = 1000

Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class Query:
    """What GET Calls asks for: ``page`` counts from 0 and is only echoed; ``token`` finds the page."""

    wanted: Filter
    size: int
    page: int
    token: str


def parse_query(parameters: Mapping[str, str]) -> Query:
    """Read the query parameters; raises InvalidError."""
    wanted = Filter(
        to=parameters.get("To", ""),
        from_=parameters.get("From", ""),
        status=parameters.get("Status", ""),
        parent_sid=parameters.get("ParentCallSid", ""),
        started=_range(parameters, "StartTime"),
        ended=_range(parameters, "EndTime"),
    )
    size = _number(parameters, "PageSize", PAGE_SIZE)
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise InvalidError(Code.PAGE_TOO_LARGE, f"PageSize must be 1 to {PAGE_SIZE_MAX}")
    page, token = _number(parameters, "Page", 0), parameters.get("PageToken", "")
    if page and not token:
        raise InvalidError(Code.INVALID_PARAMETER, "Page needs the PageToken of next_page_uri")
    return Query(wanted, size, page, token)


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidError(Code.INVALID_PARAMETER, f"{name} must be a number")
    return int(text) if text else default


def _range(parameters: Mapping[str, str], name: str) -> Range:
    """``name`` = that day or second; ``name>`` = from it on; ``name<`` = up to and with it."""
    exact, after, before = (parameters.get(name + mark, "") for mark in ("", ">", "<"))
    low = _span(name, exact or after)[0] if exact or after else None
    high = _span(name, exact or before)[1] if exact or before else None
    return low, high


def _span(name: str, text: str) -> tuple[float, float]:
    """The seconds since the epoch that ``text`` covers: a day (YYYY-MM-DD), or a second (ISO 8601, UTC)."""
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError(Code.INVALID_PARAMETER, f"{name} must be a date or a time in ISO 8601") from None
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    length = timedelta(days=1) if len(text) <= len("YYYY-MM-DD") else timedelta(seconds=1)
    return start.timestamp(), (start + length).timestamp()
