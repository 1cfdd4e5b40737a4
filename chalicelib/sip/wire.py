"""Decodes the bytes of SIP messages, the only place that does, and says how much of them is kept.

A SIP message may hold any bytes.  A line that is not UTF-8 is read as Latin-1, so that one bad header does not
spoil a good one.  Control characters become U+FFFD, but for CR, LF and TAB, which structure a message.  So do Unicode's
non-characters, which SQS refuses.  A lone surrogate, which no JSON can carry, never comes out of here.
"""

from __future__ import annotations

import re

URI = 1024
"""Characters of a URI: that of a request, of From, Diversion, Refer-To or Contact."""
HOST = 253
"""Characters of a host: DNS knows no longer names (RFC 1035 §2.3.4)."""
HEADER_VALUE = 1024
HEADER_NAME = 128
X_HEADERS = 64
"""X- headers of one message; what is beyond is left out."""
X_HEADER_TEXT = 8192
"""Characters of all X- headers of one message, names and values."""
DISPLAY_NAME = 255
CALL_ID = 1024
REASON = 255
"""Characters of a reason phrase, or of a Reason header in its place."""
REGISTER = 8192
"""Characters of a REGISTER without its body; a longer one is answered with 400."""
ADDRESS_OF_RECORD = 255
CONTACTS = 10
"""Contacts of a 3xx."""
KEYS = frozenset("0123456789ABCD*#")
"""What a telephone's keys are (RFC 4733 §3.2)."""

_unwanted = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    # Those of the planes above: looked at one by one, so only where there is any such character.
    "|(?=[\U0001fffe-\U0010ffff])["
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 17))
    + "]"
)
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\r\n")
_marked = bytes.maketrans(_CONTROLS, b"\xff" * len(_CONTROLS))
"""Of ASCII only a control changes under it: the quickest way to see that there is none."""


def text(data: bytes) -> str:
    """A message, or a part of one, as it came."""
    if data.translate(_marked) == data and data.isascii():
        return data.decode("ascii")
    return _unwanted.sub("\ufffd", "\n".join(map(_line, data.split(b"\n"))))


def repaired(decoded: str) -> str:
    """The same for what the engine's binding has decoded: it makes a lone surrogate of a byte that is no UTF-8."""
    if decoded.isascii():
        return decoded if decoded.isprintable() else text(decoded.encode("ascii"))
    try:
        return text(decoded.encode(errors="surrogateescape"))
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return _unwanted.sub("\ufffd", decoded)


def _line(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
