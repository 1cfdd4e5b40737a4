"""What a REST request can get wrong.  Codes are of the catalogue; they are Twilio's, because SDKs read them."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalogue import Code


class RestError(Exception):
    """``code`` of the catalogue, ``status`` of HTTP, and a ``message`` for the caller."""

    def __init__(self, code: Code, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message


class InvalidError(RestError):
    """A parameter is missing or wrong (400)."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, 400, message)


class UnauthorizedError(RestError):
    """No such account, or not its token (401)."""

    def __init__(self) -> None:
        super().__init__(Code.AUTHENTICATION_FAILURE, 401, "Authenticate")


class MissingError(RestError):
    """The account has no such resource (404)."""

    def __init__(self, path: str) -> None:
        super().__init__(Code.NOT_FOUND, 404, f"The requested resource {path} was not found")


class MethodError(RestError):
    """The resource does not have the method (405); ``allowed`` are those that it has (RFC 9110 15.5.6)."""

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(Code.METHOD_NOT_ALLOWED, 405, f"{method} is not allowed here, only {self.allowed}")


class ConflictError(RestError):
    """The Idempotency-Key was used for another request (409)."""

    def __init__(self) -> None:
        super().__init__(Code.CONFLICT, 409, "This Idempotency-Key was used for another request")


class StateError(RestError):
    """The call is not in the state that the change needs (400)."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.CALL_NOT_IN_PROGRESS, 400, message)


class BusyError(RestError):
    """The call's owner cannot be reached now (503); ask again."""

    def __init__(self) -> None:
        super().__init__(Code.INTERNAL_SERVER_ERROR, 503, "The call cannot be changed at the moment")


class InternalError(RestError):
    """Our fault (500)."""

    def __init__(self) -> None:
        super().__init__(Code.INTERNAL_SERVER_ERROR, 500, "Internal server error")
