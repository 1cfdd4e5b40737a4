"""A Fetch command carried out: one request with its redirects, signed, every hop guarded."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import Message
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit, urlunsplit

from ..calls.commands import Fetch
from ..calls.events import Fetched
from ..calls.session import MOST_URL
from ..catalogue import Code
from .errors import RequestError
from .exchange import TOTAL_SECONDS, Request, Response, exchange
from .guard import AddressGuard
from .signature import standard_headers, url_signature

MAX_REDIRECTS = 5
MOST_CONTENT_TYPE = 255
FORM = "application/x-www-form-urlencoded; charset=utf-8"
ACCEPT = "application/xml, text/xml, text/plain;q=0.8, audio/*;q=0.5"
REDIRECT = frozenset({301, 302, 303, 307, 308})
KEEPS_METHOD = frozenset({307, 308})


class Fetcher:
    """``token``: AuthToken of an account.  ``clock``: epoch seconds.

    ``seal`` takes passwords out of a document; it raises RequestError for one that it cannot take.
    """

    def __init__(
        self,
        guard: AddressGuard,
        token: Callable[[str], str | None],
        seal: Callable[[str], str],
        clock: Callable[[], float],
        entropy: Callable[[], str],
    ) -> None:
        self._guard = guard
        self._token = token
        self._seal = seal
        self._clock = clock
        self._entropy = entropy

    def fetch(self, command: Fetch) -> Fetched:
        """The application's answer as an event.  Every failure is one too, with its code; nothing is raised."""
        url = urldefrag(command.url).url
        try:
            url, response = self._follow(command, url)
            if not 200 <= response.status < 300:
                raise RequestError(Code.HTTP_ERROR_STATUS, "no 2xx", response.status)
            kind = response.headers.get("content-type", "")[:MOST_CONTENT_TYPE]
            # Audio is played from its URL; its bytes are nobody's text.
            body = "" if kind.lower().startswith("audio/") else self._seal(_text(response.body, kind))
        except RequestError as error:
            return Fetched(
                command.call, command.id, error.status, url=url, error=error.code, at=self._clock()
            )
        return Fetched(
            command.call,
            command.id,
            response.status,
            kind,
            body,
            url,
            at=self._clock(),
            entropy=self._entropy(),
        )

    def _follow(self, command: Fetch, url: str) -> tuple[str, Response]:
        deadline = time.monotonic() + TOTAL_SECONDS
        token = self._token(command.account_sid)
        if not token:
            raise RequestError(Code.ACCOUNT_NOT_ACTIVE, "nobody's key to sign with")
        method, parameters = command.method, dict(command.parameters)
        for _ in range(MAX_REDIRECTS + 1):
            request = signed_request(token, url, method, parameters, command.id, self._clock())
            response = exchange(request, self._guard, max(0.1, deadline - time.monotonic()))
            location = response.headers.get("location", "")
            if response.status not in REDIRECT or not location:
                return url, response
            url = _followed(url, location)
            if response.status not in KEEPS_METHOD and method == "POST":
                # As browsers do with 301, 302 and 303 (RFC 9110 §15.4): the parameters went with the first request.
                method, parameters = "GET", {}
        raise RequestError(Code.HTTP_TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")


def _followed(url: str, location: str) -> str:
    """Where the redirect from ``url`` leads; raises RequestError."""
    try:
        target = urldefrag(urljoin(url, location)).url
    except ValueError:
        raise RequestError(Code.HTTP_TOO_MANY_REDIRECTS, "a redirect to no URL") from None
    if len(target) > MOST_URL:
        raise RequestError(Code.HTTP_TOO_MANY_REDIRECTS, f"a redirect to more than {MOST_URL} characters")
    return target


def signed_request(
    token: str, url: str, method: str, parameters: dict[str, str], identifier: str, at: float
) -> Request:
    """The request of ``method`` with ``parameters`` (form or query) and both signatures."""
    url = urldefrag(url).url
    headers = {"Accept": ACCEPT}
    if method == "GET":
        url, body = with_query(url, parameters), None
        headers["X-CallAPI-Signature"] = url_signature(token, url, {})
    else:
        body = urlencode(parameters).encode()
        headers["Content-Type"] = FORM
        headers["X-CallAPI-Signature"] = url_signature(token, url, parameters)
    headers |= standard_headers(token, identifier, int(at), body or b"")
    return Request(url, method, headers, body)


def with_query(url: str, parameters: dict[str, str]) -> str:
    """``url`` with ``parameters`` beside what is in its query already."""
    if not parameters:
        return url
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return urlunsplit(parts._replace(query=query))


def _text(body: bytes, content_type: str) -> str:
    """``body`` decoded by its charset, UTF-8 by default; what does not decode is replaced, never an exception."""
    message = Message()
    message["content-type"] = content_type or "text/plain"
    charset = message.get_content_charset("utf-8")
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
