"""A web server with sounds: a tone of any length, and files that are not what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.http_server import Handler, http_server

from .wav import sound


@contextmanager
def sounds_served(**files: bytes) -> Iterator[str]:
    """The URL of a web server that has ``files`` (NAME.wav), and a tone of any length at /SECONDS.wav."""

    class Sounds(Handler):
        def respond(self, body: bytes) -> None:
            name = self.path.strip("/").removesuffix(".wav")
            found = files[name] if name in files else sound(float(name))
            self.answer(200, found, ("Content-Type", "audio/wav"))

    with http_server(Sounds) as url:
        yield url
