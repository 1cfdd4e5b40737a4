"""Sound files by URL: downloaded off the loop, checked, kept for a while."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import urllib3

from .resolving import Guard

MAX_BYTES = 10 * 1024 * 1024
TIMEOUT = urllib3.Timeout(connect=5, read=15)
REDIRECTS = 5
NO_SOUND = 13420
REFUSED = 11210
FAILED = 11200


class DownloadError(Exception):
    """``code`` is of the catalogue."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}")
        self.code = code


class Downloads:
    """The same URL is fetched once in the life of the task's folder."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self._folder = folder
        self._guard = guard

    def get(self, url: str) -> str:
        """The path of the WAV behind ``url``.  Blocks; raises DownloadError."""
        path = self._folder / f"{hashlib.sha256(url.encode()).hexdigest()}.wav"
        if not path.exists():
            body = self._fetch(url)
            if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
                raise DownloadError(NO_SOUND)
            part = path.with_suffix(f".{os.urandom(4).hex()}")
            part.write_bytes(body)
            part.rename(path)
        return str(path)

    def _fetch(self, url: str) -> bytes:
        for _ in range(REDIRECTS + 1):
            try:
                body, location = self._request(url)
            except (urllib3.exceptions.HTTPError, OSError, ValueError):
                raise DownloadError(FAILED) from None
            if not location:
                return body
            url = urljoin(url, location)
        raise DownloadError(11215)

    def _request(self, url: str) -> tuple[bytes, str]:
        """Connects to the address that was judged, under the name that was asked for."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        address = str(socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
        if parts.scheme not in ("http", "https") or not self._guard.permits(host, address):
            raise DownloadError(REFUSED)
        pool: urllib3.HTTPConnectionPool
        if secure:
            pool = urllib3.HTTPSConnectionPool(
                address, port, timeout=TIMEOUT, server_hostname=host, assert_hostname=host
            )
        else:
            pool = urllib3.HTTPConnectionPool(address, port, timeout=TIMEOUT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with pool:
            answer = pool.request(
                "GET",
                target,
                headers={"Host": parts.netloc.rpartition("@")[2]},
                redirect=False,
                preload_content=False,
                retries=False,
            )
            if location := answer.get_redirect_location():
                return b"", location
            body = answer.read(MAX_BYTES + 1)
        if answer.status != 200 or len(body) > MAX_BYTES:
            raise DownloadError(FAILED)
        return body, ""
