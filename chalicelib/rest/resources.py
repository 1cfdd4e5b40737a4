"""Calls, lists and errors as JSON and XML, with the names that Twilio's SDKs and Restcomm's clients read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, Literal
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from ..calls.parameters import API_VERSION
from ..storage.listing import CallRow, Page
from .errors import RestError
from .query import Query

Format = Literal["json", "xml"]
CONTENT_TYPES: dict[Format, str] = {"json": "application/json", "xml": "application/xml"}

# Query parameters that say where in the list we are, not what is listed.
_POSITION = ("Page", "PageToken", "PageSize")


def call_resource(row: CallRow, root: str) -> dict[str, Any]:
    """One call; ``root`` is the path before ``/Accounts``.

    Times are in RFC 2822, durations in seconds as text, and None stands where there is nothing to tell.
    """
    uri = f"{root}/Accounts/{row.account_sid}/Calls/{row.sid}"
    return {
        "sid": row.sid,
        "date_created": _time(row.created_at),
        "date_updated": _time(row.updated_at),
        "parent_call_sid": row.parent_sid or None,
        "account_sid": row.account_sid,
        "to": row.to,
        "from": row.from_,
        "status": row.status,
        "start_time": _time(row.started_at),
        "end_time": _time(row.ended_at),
        "duration": _duration(row),
        "price": None,
        "price_unit": None,
        "direction": row.direction,
        "answered_by": None,
        "api_version": API_VERSION,
        "forwarded_from": row.forwarded_from or None,
        "caller_name": row.caller_name or None,
        "sip_response_code": row.sip_code or None,
        "error_code": row.error or None,
        "uri": f"{uri}.json",
        "subresource_uris": {},
    }


def list_resource(
    page: Page, query: Query, account_sid: str, root: str, asked: Mapping[str, str]
) -> dict[str, Any]:
    """One page of calls.  There is no total: counting would read the whole history of the account."""
    path = f"{root}/Accounts/{account_sid}/Calls.json"
    kept = {name: value for name, value in asked.items() if name not in _POSITION}

    def address(number: int, token: str) -> str:
        position = {"PageSize": str(query.size), "Page": str(number)} | (
            {"PageToken": token} if token else {}
        )
        return f"{path}?{urlencode(kept | position)}"

    following = address(query.page + 1, page.next_token) if page.next_token else None
    start = query.page * query.size
    return {
        "page": query.page,
        "page_size": query.size,
        "start": start,
        "end": start + max(len(page.calls) - 1, 0),
        "uri": address(query.page, query.token),
        "first_page_uri": address(0, ""),
        "previous_page_uri": None,
        "next_page_uri": following,
        "calls": [call_resource(row, root) for row in page.calls],
    }


def error_resource(error: RestError, more_info: str) -> dict[str, Any]:
    """The body of an error."""
    return {"code": error.code, "message": error.message, "more_info": more_info, "status": error.status}


def rendered(name: str, resource: Mapping[str, Any], form: Format) -> str:
    """``resource`` as text; ``name`` is its element in XML (``Call``, ``Calls``, ``RestException``)."""
    if form == "json":
        return json.dumps(resource)
    root = ET.Element("CallAPIResponse")
    root.append(_list_element(resource) if "calls" in resource else _element(name, resource))
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _list_element(resource: Mapping[str, Any]) -> ET.Element:
    attributes = {name.replace("_", ""): _text(value) for name, value in resource.items() if name != "calls"}
    element = ET.Element("Calls", attributes)
    element.extend(_element("Call", call) for call in resource["calls"])
    return element


def _element(name: str, resource: Mapping[str, Any]) -> ET.Element:
    element = ET.Element(name)
    for key, value in resource.items():
        child = ET.SubElement(element, "".join(word.capitalize() for word in key.split("_")))
        child.text = "" if isinstance(value, dict) else _text(value)
    return element


def _text(value: object) -> str:
    """``value`` as XML 1.0 can carry it: a SIP header may have brought in a control character."""
    text = "" if value is None else str(value)
    return "".join(character for character in text if character.isprintable())


def _time(at: float | None) -> str | None:
    return None if at is None else formatdate(at).replace("-0000", "+0000")


def _duration(row: CallRow) -> str | None:
    """Seconds from the answer to the end, rounded; 0 for a call that nobody answered."""
    if row.ended_at is None:
        return None
    return str(round(row.ended_at - row.answered_at) if row.answered_at is not None else 0)
