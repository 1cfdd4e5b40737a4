"""The REST API behind API Gateway: routes, authentication, formats.  The logic is in chalicelib/rest."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from chalice import Chalice, Response

from chalicelib import rcml, sip
from chalicelib.catalogue import Code
from chalicelib.environment import read_environment
from chalicelib.handlers.invocation import Function
from chalicelib.handlers.settings import ApiSettings
from chalicelib.rest.auth import authenticate, authenticate_any
from chalicelib.rest.calls import Account, Calls, Edge
from chalicelib.rest.errors import InternalError, InvalidError, MethodError, MissingError, RestError
from chalicelib.rest.forms import Form, Sealing
from chalicelib.rest.query import parse_query
from chalicelib.rest.recordings import Recordings, recording_resource
from chalicelib.rest.resources import (
    CONTENT_TYPES,
    Format,
    call_resource,
    error_resource,
    list_resource,
    rendered,
)
from chalicelib.rest.routing import PROXY, find_route, requested_path, routed
from chalicelib.steps.wiring import steps_over, stores_of
from chalicelib.storage import aws
from chalicelib.storage.secrets import Sealer
from chalicelib.storage.stores import Stores

VERSIONS = ("2012-04-24", "2010-04-01")
FORMS = ["application/x-www-form-urlencoded", "application/json"]

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


class ProxiedChalice(Chalice):
    """A Chalice application that gets every request by one proxy resource and finds the route itself."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer a request of API Gateway."""
        response: dict[str, Any] = super().__call__(routed(event, self.routes), context)
        return response


app = ProxiedChalice(app_name="api", configure_logs=False)
_settings = read_environment(ApiSettings, os.environ)
_function = Function(_settings)
View = Callable[..., Response]


def answered(view: View) -> View:
    """Let ``view`` raise: the caller gets a RestError in the format it asked for, any other error as 20500."""

    @wraps(view)
    def answering(**parameters: str) -> Response:
        try:
            with _function.telling(""):
                return _answered(view, parameters)
        except Exception:  # noqa: BLE001  # it is in the log
            return _refusal(InternalError())

    return answering


def _answered(view: View, parameters: dict[str, str]) -> Response:
    try:
        return view(**parameters)
    except RestError as error:
        return _refusal(error)


@answered
def calls(account_sid: str) -> Response:
    """GET and POST Calls."""
    account = _account(account_sid)
    request = app.current_request
    if request.method == "POST":
        key = request.headers.get("idempotency-key", "").strip()
        row = _calls().create(account, Form.parse(request.raw_body), key, _edge(), _check_target)
        return _response("Call", call_resource(row, _root()), 201)
    asked = dict(request.query_params or {})
    query = parse_query(asked)
    page = _calls().page(account, query)
    return _response("Calls", list_resource(page, query, account.sid, _root(), asked))


@answered
def call(account_sid: str, call_sid: str) -> Response:
    """GET and POST Calls/{CallSid}."""
    account = _account(account_sid)
    sid = call_sid.removesuffix(".json").removesuffix(".xml")
    if app.current_request.method == "POST":
        form = Form.parse(app.current_request.raw_body)
        row = _calls().change(account, sid, form, _edge())
    else:
        row = _calls().show(account, sid)
    return _response("Call", call_resource(row, _root()))


@answered
def recording(account_sid: str, recording_sid: str) -> Response:
    """GET Recordings/{RecordingSid}: as .json or .xml what it is; otherwise the sound, by redirection."""
    account = _account(account_sid)
    sid, _, form = recording_sid.partition(".")
    found = _recordings().show(account, sid)
    if form in ("json", "xml"):
        return _response("Recording", recording_resource(found, _root()))
    return Response(body="", status_code=302, headers={"Location": found.link, "Cache-Control": "no-store"})


@answered
def no_route() -> Response:
    """404, or 405 where other methods are allowed; to an account only."""
    request = app.current_request
    path = requested_path(request.to_original_event())
    account_sid = path.partition("/Accounts/")[2].partition("/")[0].partition(".")[0]
    if account_sid:
        _account(account_sid)
    else:
        authenticate_any(_stores().accounts, request.headers.get("authorization", ""))
    match = find_route(app.routes, path)
    if match is None:
        raise MissingError(path)
    raise MethodError(request.method, app.routes[match.route])


for version in VERSIONS:
    base = f"/{version}/Accounts/{{account_sid}}"
    for suffix in ("", ".json", ".xml"):
        route = app.route(f"{base}/Calls{suffix}", methods=["GET", "POST"], content_types=FORMS)
        route(calls)
    app.route(f"{base}/Calls/{{call_sid}}", methods=["GET", "POST"], content_types=FORMS)(call)
    app.route(f"{base}/Recordings/{{recording_sid}}", methods=["GET"])(recording)
app.route(PROXY, methods=METHODS, content_types=[])(no_route)


def _refusal(error: RestError) -> Response:
    body = error_resource(error, f"{error.code.title}: {error.code.text}")
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="CallAPI"'
    if isinstance(error, MethodError):
        headers["Allow"] = error.allowed
    return _response("RestException", body, error.status, headers)


def _account(account_sid: str) -> Account:
    authorization = app.current_request.headers.get("authorization", "")
    return Account(account_sid, authenticate(_stores().accounts, authorization, account_sid))


def _edge() -> Edge:
    return Edge(time.time(), secrets.token_hex(16))


def _path() -> str:
    """The path as the client sent it, with the stage that API Gateway may put before it."""
    return str(app.current_request.context.get("path") or app.current_request.path)


def _root() -> str:
    return _path().partition("/Accounts/")[0]


def _format() -> Format:
    """By the path's suffix, else by Accept, else JSON."""
    request = app.current_request
    path = _path()
    if path.endswith((".json", ".xml")):
        return "xml" if path.endswith(".xml") else "json"
    accepted = request.headers.get("accept", "")
    return "xml" if "xml" in accepted and "json" not in accepted and "html" not in accepted else "json"


def _response(
    name: str, resource: dict[str, object], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    form = _format()
    return Response(
        body=rendered(name, resource, form),
        status_code=status,
        headers={"Content-Type": CONTENT_TYPES[form], **(headers or {})},
    )


def _check_target(uri: str) -> None:
    try:
        sip.parse_uri(uri)
    except sip.InvalidSipUri as error:
        too_long = error.code == Code.SIP_HEADERS_TOO_LONG
        code = Code.CALL_HEADERS_TOO_LONG if too_long else Code.CALL_INVALID_TO
        raise InvalidError(code, error.message) from None


def _sealed_document(text: str, sealer: Sealer) -> str:
    try:
        return rcml.seal_passwords(text, sealer.seal)
    except rcml.TooLargeError as error:
        raise InvalidError(Code.CALL_INVALID_RCML, f"Rcml: {error.problem.message}") from None


@cache
def _stores() -> Stores:
    return stores_of(_settings, _settings.outbound_queue_url)


@cache
def _recordings() -> Recordings:
    return Recordings(aws.s3(), _settings.recordings_bucket)


@cache
def _calls() -> Calls:
    stores = _stores()
    sealer = Sealer(aws.kms(), _settings.seal_key_id)
    sealing = Sealing(sealer.seal, lambda text: _sealed_document(text, sealer))
    steps = steps_over(stores, _function.metrics)
    return Calls(stores.log, steps, stores.listing, stores.tasks, stores.outbound, sealing)
