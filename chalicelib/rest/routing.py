"""Finds the route of a request, because API Gateway sends everything to the function by one proxy resource.

The framework expects one resource per route: it looks for its view under the name of the resource.  Here the name is
put into the event, and nothing has to be listed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

ROOT = "/"
PROXY = "/{proxy+}"


class Match(NamedTuple):
    """A route, as ``/Accounts/{account_sid}``, and what a path has in place of its parameters."""

    route: str
    parameters: dict[str, str]


def find_route(routes: Iterable[str], path: str) -> Match | None:
    """The route of ``path``; None when there is none.  One without parameters is preferred, as in API Gateway.

    A slash at the end makes no difference.
    """
    parts = path.rstrip("/").split("/")
    matches = [Match(route, found) for route in routes if (found := _parameters(route, parts)) is not None]
    return min(matches, key=lambda match: len(match.parameters), default=None)


def _parameters(route: str, parts: list[str]) -> dict[str, str] | None:
    names = route.split("/")
    if len(names) != len(parts) or route == PROXY:
        return None
    pairs = list(zip(names, parts, strict=True))
    if any(name != part and not (_is_parameter(name) and part) for name, part in pairs):
        return None
    return {name[1:-1]: part for name, part in pairs if _is_parameter(name)}


def _is_parameter(name: str) -> bool:
    return name.startswith("{")


def requested_path(event: Mapping[str, Any]) -> str:
    """The path behind the stage, from the event of a proxy resource."""
    return f"/{(event['pathParameters'] or {}).get('proxy', '')}"


def routed(event: dict[str, Any], routes: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """``event`` of API Gateway (REST, proxy integration) with the resource and the parameters of its route.

    ``routes`` are the methods of each.  An event without a route, or with another method, has the resource ``PROXY``.
    An event of any other resource than the root and the proxy is given back as it is: a test client sends those.
    """
    context = event["requestContext"]
    if context["resourcePath"] not in (ROOT, PROXY):
        return event
    match = find_route(routes, requested_path(event))
    if match is None or context["httpMethod"] not in routes[match.route]:
        return {**event, "requestContext": {**context, "resourcePath": PROXY}}
    return {
        **event,
        "pathParameters": match.parameters,
        "requestContext": {**context, "resourcePath": match.route},
    }
