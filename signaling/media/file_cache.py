"""Sound files that were made once and are used again: named after what they hold, kept for a while, within a limit.

The folder is the container's scratch space, and what callers hear is for strangers to say: without a limit it fills.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

FOLDER_BYTES = 1024 * 1024 * 1024


class Files:
    """WAV files in ``folder``, each good for ``seconds`` after it was made.  May be used from any thread.

    Several of these may share a folder; ``limit`` (bytes) holds for all that is in it.
    """

    def __init__(self, folder: Path, seconds: float, limit: int = FOLDER_BYTES) -> None:
        self._folder = folder
        self._seconds = seconds
        self._limit = limit

    def get(self, key: str, make: Callable[[Path], None]) -> str:
        """The path of the file for ``key``; if there is none, ``make`` writes it to the path it is given.

        Two threads may make the same file at once: the later one replaces the other's, whole.
        """
        path = self._folder / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}.wav"
        if not self._is_good(path):
            part = path.with_suffix(f".{os.urandom(4).hex()}")
            try:
                make(part)
                part.rename(path)
            finally:
                part.unlink(missing_ok=True)
            self._make_room(path)
        return str(path)

    def _is_good(self, path: Path) -> bool:
        """The time of its last use is kept as its access time, whatever the mount's options are."""
        try:
            made = path.stat().st_mtime
            os.utime(path, (time.time(), made))
        except FileNotFoundError:
            return False
        return time.time() - made < self._seconds

    def _make_room(self, newest: Path) -> None:
        """The files that were not used for longest go.  One that is being played stays open, and plays on."""
        files = []
        for path in self._folder.glob("*.wav"):
            with contextlib.suppress(FileNotFoundError):
                state = path.stat()
                files.append((state.st_atime, state.st_size, path))
        excess = sum(size for _, size, _ in files) - self._limit
        for _, size, path in sorted(files):
            if excess <= 0:
                return
            if path != newest:
                path.unlink(missing_ok=True)
                excess -= size
