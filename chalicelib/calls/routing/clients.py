"""``<Client>``: where a client of the account can be reached, by the contacts that it registered (RFC 3261 §10)."""

from __future__ import annotations

from ...catalogue import Code
from ..registration import Contact
from ..transition import Turn
from .admission import rules_of
from .routes import NoRouteError, Route, route_uri


def client_routes(turn: Turn, target: str) -> tuple[Route, ...]:
    """One for each contact, the most wanted first: all its telephones ring.  Raises NoRouteError.

    ``target``: the name of the client, perhaps with ``?header=value`` behind it.
    """
    name, mark, headers = target.partition("?")
    contacts = turn.contacts_of(name.strip())
    if not contacts:
        raise NoRouteError(Code.CLIENT_NOT_REGISTERED, f"the client {name[:60]!r} is not registered")
    return tuple(_route(turn, contact, mark + headers) for contact in contacts)


def _route(turn: Turn, contact: Contact, headers: str) -> Route:
    """A contact may name any place: it is gone to only under the account's rules, but to where the client itself
    registered from always.
    """
    uri = route_uri(contact.uri + headers)  # a contact is kept without headers
    return Route(uri=uri, to=contact.aor, rules=rules_of(turn), received=contact.received)
