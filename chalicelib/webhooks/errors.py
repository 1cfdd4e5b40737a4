"""What can go wrong with a request to a customer's server, as codes of the catalogue."""

from __future__ import annotations

RETRIEVAL = 11200
CONNECT_TIMEOUT = 11201
REFUSED = 11202
TOO_SLOW = 11203
CONNECTION = 11205
PROTOCOL = 11206
FORBIDDEN_ADDRESS = 11210
REDIRECTS = 11215
BAD_STATUS = 11217
TLS = 11220
TOO_LARGE = 11750
CREDENTIALS = 13249
NO_ACCOUNT = 20005


class RequestError(Exception):
    """No usable answer.  ``code`` is of the catalogue; ``status`` the HTTP status when there was one."""

    def __init__(self, code: int, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
