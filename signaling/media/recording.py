"""What is said in a Dial, as WAV: the caller and the callee in one channel, or each in its own.

Facts about the engine that this rests on (conference.c and wav_writer.c of 2.17).  A file grows by one frame at each
tick of the bridge while anything at all transmits to it, and stands still otherwise: so silence is always connected,
and neither a hold nor a re-INVITE makes a gap.  A connection is made at the next tick: two that wait for the same
tick begin with the same sample.  A file's header is complete only some ticks after its recorder was dropped.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chalicelib.calls import commands, events
from chalicelib.catalogue import Code

from ..engine.audio import listeners
from ..engine.loop import Loop
from ..engine.sounds import SILENCE, Recorder, SoundError
from .party import Party
from .uploads import Finished, Uploads

Side = Literal["caller", "callee"]
ALIGNING_TRIES = 5
CHECK_EVERY = 1.0  # s
_log = logging.getLogger(__name__)


class AlignmentError(Exception):
    """The two channels would not begin with the same sample."""


class Recorders:
    """One file, or one for each side, both from the same tick on.  Raises SoundError or AlignmentError."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        for _ in range(ALIGNING_TRIES):
            self._recorders: list[Recorder] = []
            self._begin(paths)
            if len(paths) == 1 or self._first_still_waits():
                return
            self.close()
            for path in paths:  # what the engine still writes there is not in the next one's file
                path.unlink(missing_ok=True)
        raise AlignmentError

    def _begin(self, paths: tuple[Path, ...]) -> None:
        try:
            for path in paths:
                self._recorders.append(Recorder(path))
        except SoundError:
            self.close()
            raise
        for recorder in self._recorders:
            recorder.hear(SILENCE)

    def _first_still_waits(self) -> bool:
        """Whether no tick came between the two connections: then both wait for the same one."""
        return self._recorders[0].place not in listeners(SILENCE)

    def hear(self, side: Side, audio: Any) -> None:
        """Record ``audio`` on ``side``; again is harmless."""
        self._recorders[0 if side == "caller" else -1].hear(audio.getPortId())

    def close(self) -> None:
        """The files grow no more; the engine completes them soon."""
        for recorder in self._recorders:
            recorder.stop()


@dataclass(frozen=True)
class Running:
    """A recording under way.  ``stopped``: whom to tell that it was cut short."""

    command: commands.Recording
    paths: tuple[Path, ...]
    recorders: Recorders
    started: float
    stopped: Callable[[float], None]


class Recordings:
    """All recordings of the task, within the ``limit`` (bytes) of its disk.  For the loop only.

    Above half of the limit none is started; at the limit those that run are cut short, for the disk is the callers'
    and the speech files' too.  What was recorded waits for its upload, however long that takes.
    """

    def __init__(self, folder: Path, uploads: Uploads, address: str, limit: int) -> None:
        self._folder = folder
        self._uploads = uploads
        self._address = address
        self._limit = limit
        self._running: dict[str, Running] = {}

    def url(self, command: commands.Recording) -> str:
        """Where the REST API gives it out."""
        return f"{self._address}/2012-04-24/Accounts/{command.account_sid}/Recordings/{command.sid}.wav"

    def start(self, command: commands.Recording, stopped: Callable[[float], None]) -> bool:
        """False: there is no room, or the engine has none left.  ``stopped`` gets its seconds if it is cut short."""
        if not self._uploads.possible or self._bytes() > self._limit / 2:
            return False
        paths = tuple(self._folder / f"{command.sid}.{channel}.wav" for channel in range(command.channels))
        try:
            recorders = Recorders(paths)
        except (SoundError, AlignmentError) as error:
            _log.error("%s not recorded: %s", command.sid, type(error).__name__)
            return False
        self._running[command.sid] = Running(command, paths, recorders, time.monotonic(), stopped)
        return True

    def hear(self, sid: str, side: Side, audio: Any) -> None:
        """Connect ``audio`` (again, after a re-INVITE) to ``side`` of the recording, if it runs."""
        if audio is not None and sid in self._running:
            self._running[sid].recorders.hear(side, audio)

    def stop(self, sid: str) -> float | None:
        """Its seconds; None when it does not run.  It is uploaded behind the call."""
        running = self._running.pop(sid, None)
        if running is None:
            return None
        seconds = time.monotonic() - running.started
        running.recorders.close()
        key = f"{running.command.account_sid}/{sid}.wav"
        self._uploads.add(Finished(key, running.paths, seconds))
        return seconds

    def stop_all(self) -> None:
        """The task ends."""
        for sid in list(self._running):
            self.stop(sid)

    def watch(self, loop: Loop) -> None:
        """Keep within the limit from now on."""
        self._keep_within_limit()
        loop.after(CHECK_EVERY, lambda: self.watch(loop))

    def _keep_within_limit(self) -> None:
        """Cut short what runs when the disk's share is used up."""
        if self._running and self._bytes() > self._limit:
            _log.error("no room: %d recordings are cut short", len(self._running))
            for sid, running in list(self._running.items()):
                seconds = self.stop(sid)
                running.stopped(seconds or 0.0)

    def _bytes(self) -> int:
        total = 0
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total


class DialRecording:
    """The recording of one Dial, if ``dial`` asks for one.  ``tell`` gets its events."""

    def __init__(
        self, recordings: Recordings, dial: commands.DialLegs, tell: Callable[[events.Event], None]
    ) -> None:
        self._recordings = recordings
        self._command = dial.recording
        self._call = dial.call
        self._tell = tell

    def ringing(self) -> None:
        """The Dial begins."""
        if self._command is not None and self._command.since == "ringing":
            self._start()

    def bridged(self, parent: Party, winner: Party) -> None:
        """They talk."""
        if self._command is not None and self._command.since == "answer":
            self._start()
        self.hear(parent, winner)

    def hear(self, parent: Party, winner: Party | None) -> None:
        """Connect what has audio by now; after a re-INVITE, again."""
        if self._command is not None:
            self._recordings.hear(self._command.sid, "caller", parent.audio)
            if winner is not None:
                self._recordings.hear(self._command.sid, "callee", winner.audio)

    def stop(self) -> None:
        """Tell its length; a second time is harmless."""
        seconds = self._recordings.stop(self._command.sid) if self._command is not None else None
        if seconds is not None:
            self._ended(seconds, 0)

    def _start(self) -> None:
        assert self._command is not None
        if self._recordings.start(self._command, lambda seconds: self._ended(seconds, Code.RECORDING_FAILED)):
            url = self._recordings.url(self._command)
            self._tell(
                events.RecordingStarted(at=time.time(), call=self._call, recording=self._command.sid, url=url)
            )
        else:
            self._ended(0.0, Code.RECORDING_FAILED)

    def _ended(self, seconds: float, error: int) -> None:
        assert self._command is not None
        self._tell(
            events.RecordingEnded(
                at=time.time(), call=self._call, recording=self._command.sid, seconds=seconds, error=error
            )
        )
