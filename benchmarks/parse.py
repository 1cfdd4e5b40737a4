"""What parsing and validating a document costs beside the bare XML parser it stands on, same bytes, same run."""

from __future__ import annotations

from lxml import etree

from chalicelib.rcml import parse, seal_passwords

from .measure import Row, in_turn, seconds_each

LOOPS = 2000
GOAL_RATIO = 6
GOAL_PER_SECOND = 30_000

TWO_SIPS = b"""<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Dial action="/done" timeout="20" callerId="+15551234567">
    <Sip url="/screen" statusCallback="https://a.example/cb" statusCallbackEvent="initiated, ringing" \
username="u" password="secret">sip:alice@example.com?x-a=1</Sip>
    <Sip>sip:bob@example.com;transport=tcp</Sip>
  </Dial>
</Response>"""


def main() -> list[Row]:
    """Parse + validate against bare lxml; then what a repaired document, a warning and sealing cost."""
    bare = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    repaired = TWO_SIPS.replace(b"x-a=1", b"x-a=1&x-b=2")
    warned = TWO_SIPS.replace(b'timeout="20"', b'timeout="soon"')
    text = TWO_SIPS.decode()
    ours, theirs, ratio = in_turn(
        lambda: parse(TWO_SIPS), lambda: etree.fromstring(TWO_SIPS, bare), loops=LOOPS
    )
    return [
        Row(
            f"parse and validate, Dial with 2 Sip, {len(TWO_SIPS)} bytes",
            f"{ours * 1e6:.1f} µs = {1 / ours:,.0f}/s",
            f"≥ {GOAL_PER_SECOND:,}/s",
        ),
        Row(
            "the same beside bare lxml",
            f"{ratio:.2f} ×",
            f"≤ {GOAL_RATIO} ×",
            f"hardened lxml {theirs * 1e6:.1f} µs",
        ),
        _row("with a & repaired and its place found", repaired),
        _row("with a wrong value and its place found", warned),
        Row(
            "sealing the password of the same document",
            f"{seconds_each(lambda: seal_passwords(text, str.upper), loops=LOOPS) * 1e6:.1f} µs",
        ),
    ]


def _row(name: str, document: bytes) -> Row:
    return Row(name, f"{seconds_each(lambda: parse(document), loops=LOOPS) * 1e6:.1f} µs")
