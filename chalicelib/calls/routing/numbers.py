"""``<Number>``: through which trunk of the account a telephone number goes, and as what."""

from __future__ import annotations

from ...catalogue import Code
from ..transition import Turn
from .admission import admit_user, policy_of, reference, rules_of
from .policy import HostRules
from .routes import NoRouteError, Route, route_uri
from .trunks import SEPARATORS, chosen


def number_route(turn: Turn, target: str) -> Route:
    """Through the trunk that has the longest prefix of the number.  Raises NoRouteError.

    ``target``: the number as written, perhaps with ``?header=value`` behind it.
    """
    written, mark, headers = target.partition("?")
    number = written.translate(SEPARATORS)
    trunk = chosen(policy_of(turn).trunks, number)
    if trunk is None:
        raise NoRouteError(
            Code.NUMBER_NOT_ROUTABLE, f"no trunk of the account takes the number {written[:60]!r}"
        )
    admit_user(turn, number)
    return Route(
        uri=route_uri(f"{trunk.uri(number)}{mark}{headers}"),
        credential_ref=reference(turn, trunk.credential_ref),
        rules=_rules(turn),
        proxy=trunk.proxy,
        from_host=trunk.from_host,
    )


def _rules(turn: Turn) -> HostRules | None:
    """Hosts and ports are those of the trunk; what a redirection may dial is still judged by its number."""
    rules = rules_of(turn)
    if rules is None:
        return None
    return HostRules(allowed_prefixes=rules.allowed_prefixes, refused_prefixes=rules.refused_prefixes)
