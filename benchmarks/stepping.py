"""What one event costs the engine, from 1 leg to 10, and what its wire format costs beside it."""

from __future__ import annotations

from functools import partial

from chalicelib.calls.events import Answered, Bridged, Ended, Event, Fetched, Incoming, Invited, Provisional
from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.session import Application, Session
from chalicelib.calls.step import step

from .measure import Row, median_of, seconds_each

EVENTS = "initiated ringing answered completed"
CALLER = "CA" + "a" * 32
APPLICATION = Application(account_sid="AC" + "0" * 32, url="https://app.example.com/voice")


def story(legs: int) -> list[tuple[Session | None, Event]]:
    """(session before, event) for each event of a dialled, bridged and ended call with ``legs`` callees."""
    nouns = "".join(
        f'<Sip statusCallback="/e" statusCallbackEvent="{EVENTS}">sip:u{n}@example.com</Sip>'
        for n in range(legs)
    )
    document = f'<Response><Dial action="/after">{nouns}</Dial></Response>'
    made: list[tuple[Session | None, Event]] = []
    session: Session | None = None

    def feed(event: Event) -> None:
        nonlocal session
        made.append((session, event))
        session = step(session, event).session

    feed(Incoming(CALLER, "sip:100@example.com", "sip:alice@example.com", at=1.0, application=APPLICATION))
    assert session is not None
    assert session.parent.run is not None
    request = session.parent.run.fetching
    feed(Fetched(CALLER, request, 200, "text/xml", document, APPLICATION.url, at=2.0, entropy="b"))
    assert session.parent.dial is not None
    children = session.parent.dial.legs
    for sid in children:
        feed(Invited(sid, f"id-{sid}", at=3.0))
        feed(Provisional(sid, 180, at=4.0))
    feed(Answered(children[0], at=5.0))
    feed(Bridged(children[0], at=5.1))
    for sid in (*children[1:], children[0]):
        feed(Ended(sid, 487, at=6.0))
    return made


def per_event(legs: int) -> float:
    """Median seconds per event of the story, each event measured on its own."""
    return median_of(
        [seconds_each(partial(step, session, event), loops=300) for session, event in story(legs)]
    )


def main() -> list[Row]:
    """The rows of this subject."""
    rows = [
        Row(f"step(), median over the events of a call with {legs} leg{'s' if legs > 1 else ''}",
            f"{per_event(legs) * 1e6:.0f} µs", "≤ 60 µs")
        for legs in (1, 5, 10)
    ]  # fmt: skip
    session = story(10)[-1][0]
    data = encode(session)
    cost = seconds_each(lambda: decode(encode(session), Session), loops=500)
    rows.append(Row("session of 10 legs to JSON and back", f"{cost * 1e6:.0f} µs", "", f"{len(data)} bytes"))
    return rows
