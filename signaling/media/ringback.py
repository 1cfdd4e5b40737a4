"""What the caller hears from the start of a Dial until its bridge: a country's tone, music, or the callee's network."""

from __future__ import annotations

import logging
from functools import partial

from chalicelib.calls import commands
from chalicelib.sip.status import Status

from ..engine.audio import connect, disconnect
from ..engine.sounds import Music, RingTone, SoundError
from .party import Party, SoundSources

_log = logging.getLogger(__name__)


class Ringback:
    """For ``caller``, from now until ``stop``.

    Music takes the place of the tone once it is downloaded, and where it cannot be had there is still the tone.
    Early media (RFC 3960 §3.2) takes the place of the tone, but not of the music that the application chose.
    """

    def __init__(self, sources: SoundSources, caller: Party, command: commands.DialLegs) -> None:
        self._caller = caller
        self._country = command.ring_tone
        self._sound: RingTone | Music | None = None
        self._path = ""
        self._heard: Party | None = None
        self._announced = self._over = False
        self.own_sound = bool(command.music)
        if command.music:
            sources.loop.off_loop(
                partial(sources.downloads.get, command.music), self._music_ready, self._no_music
            )

    def hear(self, callee: Party | None) -> None:
        """The callee whose early media is there, None for nobody's: then the caller hears the tone or the music."""
        if self._over:
            return
        if callee is not None and not self._caller.answered and not self._announced:
            self._announced = True
            self._caller.respond(Status.SESSION_PROGRESS)  # with our SDP: without it the caller has no ear
        if callee is not self._heard:
            self._let_go()
        if self._caller.audio is None:
            return
        if callee is None:
            self._sounds()
        else:
            self._hush()
            self._connect(callee)

    def stop(self) -> None:
        """Silence; a second time is harmless."""
        self._over = True
        self._hush()
        self._let_go()

    def _hush(self) -> None:
        if self._sound is not None:
            self._sound.stop()
            self._sound = None

    def _sounds(self) -> None:
        if self._sound is None:
            self._sound = self._made()
        if self._sound is not None:
            self._sound.play_to(self._caller)

    def _made(self) -> RingTone | Music | None:
        if self._path:
            try:
                return Music(self._path)
            except SoundError:
                _log.info("no sound that the engine can play: the caller hears the tone")
                self._path = ""
        try:
            return RingTone(self._country) if self._country else None
        except SoundError:
            _log.error("no ring tone: the engine has no place left")
            return None

    def _music_ready(self, path: str) -> None:
        if not self._over:
            self._path = path
            self._hush()
            self.hear(self._heard)

    def _no_music(self, cause: Exception) -> None:
        _log.info("music: %s", cause)

    def _connect(self, callee: Party) -> None:
        self._heard = callee
        if not connect(callee.audio, self._caller.audio):
            _log.info("%s: no early media any more", callee.sid)

    def _let_go(self) -> None:
        callee, self._heard = self._heard, None
        if callee is None or callee.audio is None or self._caller.audio is None:
            return
        if not disconnect(callee.audio, self._caller.audio):
            _log.info("%s: gone, and its early media with it", callee.sid)
