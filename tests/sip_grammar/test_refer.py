"""Which REFER is accepted, and what it asks for (RFC 3515)."""

from __future__ import annotations

import pytest

from chalicelib.sip.message import Message
from chalicelib.sip.refer import Refer, judged


def refer(*lines: str) -> tuple[int, Refer | None]:
    return judged(Message("\r\n".join(["REFER sip:us SIP/2.0", *lines, "", ""])))


@pytest.mark.parametrize(("to", "by"), [("Refer-To", "Referred-By"), ("r", "b"), ("R", "B")])
def test_refer_is_read_in_long_and_in_compact_form(to: str, by: str) -> None:
    asked = refer(f'{to}: "Carol, <c>" <sip:carol@h;x=y?A=1>;z', f"{by}: <sip:bob@h>;cid=1", "CSeq: 7 REFER")
    assert asked == (202, Refer("sip:carol@h;x=y?A=1", "sip:bob@h", silent=False, cseq=7))


def test_transferor_may_want_no_notify() -> None:
    _, accepted = refer("Refer-To: sip:carol@h", "Refer-Sub: False;x")
    assert accepted is not None
    assert accepted.silent


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("<sip:carol@example.net>", 202),
        ("<sips:carol@[2001:db8::1]>", 202),
        ("<tel:+4930123>", 202),
        ("<sip:carol@h;method=invite>", 202),
        ("<mailto:carol@h>", 400),
        ("", 400),
        ("<sip:carol@h", 400),
        ("<sip:car ol@h>", 400),
        (f"<sip:{'c' * 1100}@h>", 400),
        ("<sip:carol@h;method=BYE>", 501),
        ("<sip:carol@h?Replaces=1>", 501),
        ("<sip:carol@h?a=b&replaces=1>", 501),
        # A regular expression over the whole URI told these wrongly.
        ("<sip:carol;method=BYE@h>", 202),
        ("<sip:carol?Replaces=1@h>", 202),
        ("<sip:carol@h;m%65thod=BYE>", 501),
        ("<sip:carol@h;method=INVITE2>", 501),
        ("<sip:carol@h;method=INVITE-x>", 501),
        ("<sip:carol@h?Repl%61ces=1>", 501),
    ],
)
def test_refer_is_accepted_for_an_invite_to_somebody_who_can_be_called(target: str, code: int) -> None:
    assert refer(f"Refer-To: {target}")[0] == code
