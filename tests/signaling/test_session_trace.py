from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls.protocol import SipMessage
from signaling.b2bua.session_trace import SessionTrace

ACTS = st.lists(st.sampled_from(["add", "step", "send", "arrived", "lost"]), max_size=40)


def message(number: int) -> SipMessage:
    return SipMessage(
        float(number), "CA1", True, "192.0.2.1:5060", "UDP", f"OPTIONS {number}\r\n" + "x" * 8000
    )


@given(ACTS)
def test_every_message_arrives_under_its_number_whatever_is_lost_between(acts: list[str]) -> None:
    """``step`` takes messages along for good; ``send`` takes some that may come back."""
    trace, kept, added = SessionTrace(), dict[int, SipMessage](), 0
    sent: tuple[int, tuple[SipMessage, ...]] | None = None
    for act in acts:
        if act == "add" and added < 30:
            trace.add(message(added))
            added += 1
        elif act == "step":
            first, messages = trace.take()
            kept |= dict(enumerate(messages, first))
        elif act == "send" and sent is None:
            sent = trace.take() if not trace.empty else None
            trace.under_way = sent is not None
        elif act in ("arrived", "lost") and sent is not None:
            trace.under_way = False
            if act == "arrived":
                kept |= dict(enumerate(sent[1], sent[0]))
            else:
                trace.put_back(*sent)
            sent = None
    if sent is not None:
        trace.under_way = False
        kept |= dict(enumerate(sent[1], sent[0]))
    while not trace.empty:
        first, messages = trace.take()
        kept |= dict(enumerate(messages, first))
    assert kept == {number: message(number) for number in range(added)}
