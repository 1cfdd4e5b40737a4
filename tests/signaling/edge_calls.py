"""The callers of ``edges``: what each hears, and around which moment he hangs up."""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .crowd import HELD, Call, Crowd, LostError

APP = "http://app.example"
VARIANTS = 8
"""Documents of one kind: what their callees do, and when, differs."""
JITTER = 0.09
"""Seconds around an edge within which somebody hangs up."""
SHORT, LONG = 0.3, 0.6


@dataclass
class Stage:
    """What the scenarios act on."""

    crowd: Crowd
    control: tuple[str, int]
    random: random.Random
    documents: dict[str, str]
    done: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    def around(self, edge: float) -> float:
        return max(0.0, edge + self.random.uniform(-JITTER, JITTER))

    def variant(self, name: str) -> str:
        return f"{name}{self.random.randrange(VARIANTS)}"

    def modify(self, call: Call, rcml: str) -> None:
        """What POST Calls/{CallSid} does, without the queue."""
        message = json.dumps({"sip_call_id": call.call_id, "rcml": rcml})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message.encode(), self.control)


Scenario = Callable[[Stage, Call], Awaitable[None]]


# --- the edges ---


async def end_of_say(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(0.75))


async def end_of_play(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(SHORT))


async def between_two_plays(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(SHORT * stage.random.randint(1, 2)))


async def end_of_a_loop(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(0.1 * stage.random.randint(1, 6)))


async def as_it_begins(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.random.uniform(0, 0.05))


async def barge_in(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(SHORT))
    (call.press if stage.random.random() < 0.5 and "121" in call.codecs else call.press_by_info)("5")
    await asyncio.sleep(stage.random.uniform(0, 0.1))


async def document_replaced(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(SHORT))
    [url] = re.findall(r"http://127[^<]*", stage.documents["play"])
    stage.modify(call, f"<Response><Play>{url}</Play><Pause length='9'/></Response>")
    await asyncio.sleep(stage.around(stage.random.choice((0.02, SHORT))))


async def bridge(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(0.2))


async def hold(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(SHORT / 2))
    call.change(stage.random.choice(HELD))
    await call.response("INVITE")
    await asyncio.sleep(stage.random.uniform(0, 0.15))
    call.change("sendrecv")
    await call.response("INVITE")
    await asyncio.sleep(stage.around(SHORT / 2))


async def transfer(stage: Stage, call: Call) -> None:
    await asyncio.sleep(stage.around(0.2))
    call.refer(f"sip:ring-20-stay-0@127.0.0.1:{stage.crowd.port}")
    await asyncio.sleep(stage.around(0.1))


SCENARIOS: dict[str, tuple[Scenario, ...]] = {
    "say": (end_of_say,),
    "play": (end_of_play, as_it_begins, hold),
    "plays": (between_two_plays, hold),
    "loop": (end_of_a_loop, as_it_begins, hold),
    "gather": (barge_in, end_of_play),
    "replaced": (document_replaced,),
    "ring": (bridge, as_it_begins),
    "music": (bridge,),
    "record": (bridge,),
    "dual": (bridge, hold),
    "refer": (transfer, bridge),
}


def documents(sounds: str, peers: int, dice: random.Random) -> dict[str, str]:
    """By name.  ``sounds``: the URL of the web server.  ``peers``: the port of the callees."""
    short, long, tick = (f"{sounds}/{name}.wav" for name in (SHORT, LONG, 0.1))
    rest = "<Pause length='9'/>"
    made = {
        "say": f"<Say>a</Say>{rest}",
        "play": f"<Play>{short}</Play>{rest}",
        "plays": f"<Play>{short}</Play><Play>{short}</Play><Play>{long}</Play>{rest}",
        "loop": f"<Play loop='0'>{tick}</Play>",
        "gather": f"<Gather numDigits='1' action='{APP}/gather'><Play>{short}</Play><Play>{long}</Play></Gather>",
        "replaced": f"<Play>{short}</Play><Play loop='0'>{tick}</Play>",
    }
    dials = {
        "ring": "ringTone='de'", "music": f"dialMusic='{tick}'", "record": "record='record-from-ringing'",
        "dual": "record='record-from-answer-dual'", "refer": f"referUrl='{APP}/transferred'",
    }  # fmt: skip
    for name, attributes in dials.items():
        for number in range(VARIANTS):
            then = dice.choice(
                ("stay", "bye", "refer", "hold") if name == "refer" else ("stay", "bye", "hold")
            )
            user = f"{dice.choice(('ring', 'early'))}-{dice.randint(60, 200)}-{then}-{dice.randint(1, 150)}"
            noun = f"<Sip>sip:{user}@127.0.0.1:{peers}</Sip>"
            made[f"{name}{number}"] = f"<Dial {attributes}>{noun}</Dial>"
    made["transferred"] = f"<Dial><Sip>sip:ring-20-stay-0@127.0.0.1:{peers}</Sip></Dial>"
    return {name: f"<Response>{verbs}</Response>" for name, verbs in made.items()}


def kinds() -> list[tuple[str, Scenario]]:
    return [(name, scenario) for name, scenarios in SCENARIOS.items() for scenario in scenarios]


async def one_call(stage: Stage, name: str, scenario: Scenario) -> None:
    user = name if name in stage.documents else stage.variant(name)
    call = Call(stage.crowd, user, events=stage.random.random() < 0.7)
    try:
        await call.answered()
        await scenario(stage, call)
        await call.hang_up()
    except LostError as error:
        if not call.over.is_set():
            stage.lost.append(f"{name}, {scenario.__name__}: {error}")
    stage.done[f"{name}: {scenario.__name__}"] += 1
