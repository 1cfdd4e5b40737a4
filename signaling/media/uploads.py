"""Finished recordings on their way to S3: off the loop, tried until they arrive.

While S3 fails they wait on the disk, in order, and no call waits with them.
"""

from __future__ import annotations

import logging
import queue
import random
import struct
import threading
import time
import wave
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THREADS = 2
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds between tries
COMPLETE_SECONDS = 5.0
HEADER = 44  # bytes of the engine's WAV header
CHUNK = 65536  # samples
_log = logging.getLogger(__name__)

Store = Callable[[Path, str], None]
"""Puts the file under the key, blocking; raises when it is not there for sure."""


@dataclass(frozen=True)
class Finished:
    """``paths``: one WAV, or that of the caller and that of the callee.  ``key``: its name in the bucket."""

    key: str
    paths: tuple[Path, ...]
    seconds: float


class Uploads:
    """``store`` None: there is no bucket, and nothing can be recorded."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._queue: queue.Queue[Finished] = queue.Queue()
        self._closed = threading.Event()
        for number in range(THREADS if store else 0):
            threading.Thread(target=self._work, name=f"upload-{number}", daemon=True).start()

    @property
    def possible(self) -> bool:
        """Whether there is a bucket."""
        return self._store is not None

    def add(self, finished: Finished) -> None:
        """From any thread."""
        self._queue.put(finished)

    def close(self, seconds: float) -> None:
        """Wait so long for what is under way.  What is left then is lost with the task, and the log says so."""
        deadline = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.05)
        if self._queue.unfinished_tasks:
            _log.error("%d recordings were not uploaded", self._queue.unfinished_tasks)
        self._closed.set()

    def _work(self) -> None:
        while not self._closed.is_set():
            finished = self._queue.get()
            try:
                self._upload(finished)
            except Exception:  # noqa: BLE001  one that cannot be read must not end the others
                _log.exception("recording %s is lost", finished.key)
            finally:
                self._queue.task_done()

    def _upload(self, finished: Finished) -> None:
        for path in finished.paths:
            wait_until_complete(path)
        wait = FIRST_WAIT
        while not self._try(finished):
            # Spread, so that the tasks do not come back to S3 all at once.
            if self._closed.wait(wait * random.uniform(0.5, 1.0)):
                return
            wait = min(2 * wait, LONGEST_WAIT)

    def _try(self, finished: Finished) -> bool:
        assert self._store is not None
        try:
            path = finished.paths[0] if len(finished.paths) == 1 else interleaved(*finished.paths)
            self._store(path, finished.key)
            path.unlink()
        except Exception as error:  # noqa: BLE001  whatever it was (a full disk too), only its arrival ends this
            _log.warning("recording %s not uploaded yet: %s", finished.key, type(error).__name__)
            return False
        return True


def s3_store(client: Any, bucket: str) -> Store:
    """Puts recordings into ``bucket`` as what a browser plays."""

    def store(path: Path, key: str) -> None:
        with path.open("rb") as body:
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="audio/wav")

    return store


def wait_until_complete(path: Path) -> None:
    """Until the engine has written the lengths into the header; gives up on one that it leaves incomplete."""
    deadline = time.monotonic() + COMPLETE_SECONDS
    while not _is_complete(path) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_complete(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(HEADER)
    size = path.stat().st_size
    if len(header) < HEADER:
        return False
    whole, data = struct.unpack_from("<I", header, 4)[0], struct.unpack_from("<I", header, 40)[0]
    return bool(whole == size - 8 and data == size - HEADER)


def interleaved(left: Path, right: Path) -> Path:
    """One stereo WAV of two mono ones, which it replaces.  What one has more, at most some ticks, is left out."""
    path = left.with_name(left.name.replace(".0.wav", ".wav"))
    if not left.exists():  # woven at an earlier try
        return path
    with wave.open(str(left), "rb") as one, wave.open(str(right), "rb") as other:
        frames = min(one.getnframes(), other.getnframes())
        with wave.open(str(path), "wb") as both:
            both.setparams((2, 2, one.getframerate(), 0, "NONE", "not compressed"))
            for start in range(0, frames, CHUNK):
                size = min(CHUNK, frames - start)
                both.writeframes(_woven(one.readframes(size), other.readframes(size)))
    right.unlink()
    left.unlink()
    return path


def _woven(left: bytes, right: bytes) -> bytes:
    """Samples of 16 bits in turn; their bytes stay as they are, whatever this machine's order is."""
    both = array("h", bytes(2 * len(left)))
    both[0::2], both[1::2] = array("h", left), array("h", right)
    return both.tobytes()
