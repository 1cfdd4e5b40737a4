"""The application of all calls: a document for each path, and what was asked there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl

from tests.http_server import Handler, http_server

VOICE = "/voice"
NOTHING = "<Response/>"
SOUND = ".wav"


class Site:
    """A call to ``sip:USER@…`` gets ``documents["/voice/USER"]``.  ``asked``: the forms that came to each path."""

    def __init__(self, root: str, sound: bytes) -> None:
        self._root = root
        self._sound = sound
        self.documents: dict[str, str] = {}
        self.asked: defaultdict[str, list[dict[str, str]]] = defaultdict(list)

    def url(self, path: str) -> str:
        return self._root + path

    def answer(self, path: str, form: dict[str, str]) -> tuple[str, bytes]:
        """The kind and the body."""
        if path.endswith(SOUND):
            return "audio/wav", self._sound
        if path == VOICE:
            path += "/" + form["To"].partition(":")[2].partition("@")[0]
        self.asked[path].append(form)
        return "text/xml", self.documents.get(path, NOTHING).encode()


@contextmanager
def site_running(sound: bytes) -> Iterator[Site]:
    class Pages(Handler):
        def respond(self, body: bytes) -> None:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            kind, page = site.answer(self.path, form)
            self.answer(200, page, ("Content-Type", kind))

    with http_server(Pages) as root:
        site = Site(root, sound)
        yield site
