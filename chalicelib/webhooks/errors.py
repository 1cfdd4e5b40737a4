"""What can go wrong with a request to a customer's server, as codes of the catalogue."""

from __future__ import annotations


class RequestError(Exception):
    """No usable answer.  ``code`` is of the catalogue; ``status`` the HTTP status when there was one."""

    def __init__(self, code: int, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
