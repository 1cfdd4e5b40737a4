"""The C functions of the engine (native/*.c), each declared once with its types.  No other module imports ctypes.

They lie in the extension module of pjsua2.  All are for the loop's thread, after libInit, unless their C file says
otherwise.  Texts are ``bytes``, numbers ``int``, a pj_status_t is 0 for success.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import Any

import _pjsua2

Judge = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)
"""Makes ``callapi_nexthop_start``'s argument of a function.  Keep it: the engine calls it as long as it lives."""


class TonePart(ctypes.Structure):
    """pjmedia_tone_desc: two frequencies (Hz), milliseconds on and off, volume (of 32767), flags."""

    _fields_ = tuple((name, ctypes.c_short) for name in ("first", "second", "on", "off", "volume", "flags"))


_OUT = ctypes.POINTER(ctypes.c_char)
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "callapi_admission_start": (ctypes.c_int, (ctypes.c_uint,)),
    "callapi_admission_refuse": (None, (ctypes.c_int,)),
    "callapi_admission_count": (None, (ctypes.POINTER(ctypes.c_uint),)),
    "callapi_admission_refused": (ctypes.c_ulonglong, ()),
    "callapi_inband_listen": (ctypes.c_int, (ctypes.c_int, ctypes.c_int)),
    "callapi_inband_drain": (ctypes.c_int, (ctypes.c_int, _OUT, ctypes.c_int)),
    "callapi_methods_start": (ctypes.c_int, (ctypes.c_char_p,)),
    "callapi_nexthop_start": (ctypes.c_int, (Judge,)),
    "callapi_registrar_start": (ctypes.c_int, ()),
    "callapi_registrar_refuse": (None, ()),
    "callapi_registrar_drain": (ctypes.c_int, (_OUT, ctypes.c_int)),
    "callapi_registrar_accept": (ctypes.c_int, (ctypes.c_uint32,)),
    "callapi_registrar_respond": (ctypes.c_int, (ctypes.c_uint32, ctypes.c_int, ctypes.c_char_p)),
    "callapi_sound_file": (ctypes.c_int, (ctypes.c_char_p, ctypes.c_int)),
    "callapi_sound_tone": (ctypes.c_int, (ctypes.POINTER(TonePart), ctypes.c_int)),
    "callapi_sound_recording": (ctypes.c_int, (ctypes.c_char_p,)),
    "callapi_sound_connect": (ctypes.c_int, (ctypes.c_int, ctypes.c_int)),
    "callapi_sound_played": (ctypes.c_uint, (ctypes.c_int,)),
    "callapi_sound_end": (None, (ctypes.c_int,)),
    "callapi_sound_count": (ctypes.c_int, ()),
    "callapi_trace_start": (ctypes.c_int, ()),
    "callapi_trace_drain": (ctypes.c_int, (_OUT, ctypes.c_int)),
    "callapi_trace_dropped": (ctypes.c_ulonglong, ()),
}
"""Result and arguments of every function that native/*.c exports."""


def _declared() -> ctypes.CDLL:
    loaded = ctypes.CDLL(_pjsua2.__file__)
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


engine = _declared()
_c_library = ctypes.CDLL(None)
_c_library.malloc_trim.restype, _c_library.malloc_trim.argtypes = ctypes.c_int, (ctypes.c_size_t,)


class Buffer:
    """What a drain function writes into: at most ``size`` bytes at a time."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bytes = ctypes.create_string_buffer(size)

    def filled_by(self, drain: Callable[..., int], *arguments: int) -> bytes:
        """What ``drain(*arguments, buffer, size)`` wrote; empty when it had nothing, or refused."""
        written = drain(*arguments, self._bytes, self._size)
        return ctypes.string_at(self._bytes, max(written, 0))  # not ``raw``, which copies all of it


def engine_counts() -> tuple[int, int, int]:
    """Calls, dialogs and transactions of the engine; those of calls that ended stay for up to 32 s."""
    counts = (ctypes.c_uint * 3)()
    engine.callapi_admission_count(counts)
    return counts[0], counts[1], counts[2]


def start_tone(parts: Iterable[TonePart]) -> int:
    """Its place in the bridge, from where it sounds ``parts`` again and again; -1: the engine refused it."""
    listed = tuple(parts)
    return int(engine.callapi_sound_tone((TonePart * len(listed))(*listed), len(listed)))


def trim_heap() -> None:
    """Give back to the system what the C library keeps of the memory that was freed.  Any thread."""
    _c_library.malloc_trim(0)
