"""Documents as the engine reads them: the same text is parsed once, however many calls run it."""

from __future__ import annotations

from functools import lru_cache

from .. import rcml

parse = lru_cache(maxsize=512)(rcml.parse)
