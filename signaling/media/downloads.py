"""Sound files by URL: fetched off the loop like any stranger's answer, checked, kept for a while."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from chalicelib.catalogue import Code
from chalicelib.webhooks.errors import RequestError
from chalicelib.webhooks.exchange import TOTAL_SECONDS, Request, exchange
from chalicelib.webhooks.guard import AddressGuard

from .file_cache import Files

MAX_BYTES = 10 * 1024 * 1024
KEPT_SECONDS = 300.0
REDIRECTS = 5
REDIRECT = frozenset({301, 302, 303, 307, 308})
HEADERS = {"Accept": "audio/wav, audio/*;q=0.5"}


class DownloadError(Exception):
    """``code`` is of the catalogue."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}")
        self.code = code


class Downloads:
    """A URL is asked again after five minutes, so that a changed announcement is heard."""

    def __init__(self, folder: Path, guard: AddressGuard) -> None:
        self._files = Files(folder, KEPT_SECONDS)
        self._guard = guard

    def get(self, url: str) -> str:
        """The path of the WAV behind ``url``.  Blocks, at most 15 s; raises DownloadError."""

        def make(path: Path) -> None:
            body = self._fetch(url)
            if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
                raise DownloadError(Code.PLAY_INVALID_CONTENT_TYPE)
            path.write_bytes(body)

        return self._files.get(url, make)

    def _fetch(self, url: str) -> bytes:
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            for _ in range(REDIRECTS + 1):
                request = Request(urldefrag(url).url, "GET", HEADERS)
                left = max(0.1, deadline - time.monotonic())
                response = exchange(request, self._guard, left, MAX_BYTES)
                location = response.headers.get("location", "")
                if response.status not in REDIRECT or not location:
                    break
                url = urljoin(url, location)
            else:
                raise DownloadError(Code.HTTP_TOO_MANY_REDIRECTS)
        except RequestError as error:
            raise DownloadError(error.code) from None
        if response.status != 200:
            raise DownloadError(Code.HTTP_ERROR_STATUS)
        return response.body
