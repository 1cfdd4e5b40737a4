"""Calls that talk: every caller sends PCMU, the callee sends back what it gets, so all legs have audio both ways.

The callee is a SIPp that echoes packet by packet and knows no codec: what it sends is what the task encoded, real Opus
too.  A caller who hears his own tone has it from there, through both legs of the task and both ways of each.
"""

from __future__ import annotations

import math
import socket
import statistics
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.signaling.rtp import FRAME, LINEAR, compressed
from tests.signaling.wav import RATE, heard

from .load import HOST, Process, callees, offer, task

PACKETS = RATE // FRAME
"""RTP packets a second, each way of a call's leg."""
TONE, LOUD = 1000, 8000
RAMP, MEASURED, HEARD = 25, 15.0, 2.0
ARRIVED = 0.95


class Callers:
    """The sound of all callers, from one socket: a tone, which has no seam when its packet is sent again and again."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(0)
        self.port: int = self._socket.getsockname()[1]
        self._legs: set[tuple[str, int]] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def close(self) -> None:
        """They fall silent."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def hear(self, seconds: float) -> dict[tuple[str, int], list[bytes]]:
        """The packets that each leg of the task sends meanwhile.  A leg that was heard is sent to from then on.

        At other times nobody reads: then the kernel drops what comes, and it costs nothing.
        """
        self._drain()
        packets: dict[tuple[str, int], list[bytes]] = defaultdict(list)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                packet, leg = self._socket.recvfrom(2048)
            except BlockingIOError:
                time.sleep(0.001)
                continue
            packets[leg].append(packet[12:])
        self._legs |= packets.keys()
        return packets

    def _drain(self) -> None:
        try:
            while True:
                self._socket.recv(2048)
        except BlockingIOError:
            return

    def _send(self) -> None:
        sound = bytes(compressed(int(LOUD * math.sin(2 * math.pi * TONE * n / RATE))) for n in range(FRAME))
        number, due = 0, time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            packet = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, 77) + sound
            for leg in list(self._legs):
                self._socket.sendto(packet, leg)
            number, due = number + 1, due + FRAME / RATE


@dataclass(frozen=True)
class Talk:
    """``core``: percent of a core.  ``packets``: a second, to a caller.  ``held``: seconds of each call."""

    calls: int
    core: float
    packets: float
    held: float

    @property
    def note(self) -> str:
        """That everybody was heard."""
        return (
            f"{self.calls} of {self.calls} callers heard their tone come back, {self.packets:.0f} packets/s"
        )


def talk(folder: Path, document: str, calls: int, callee: str = "callee_echoes", **environment: str) -> Talk:
    """``calls`` calls at once; ``document`` dials ``{port}``.  RuntimeError when a caller does not hear his tone."""
    with (
        callees(folder, callee, "-rtp_echo") as port,
        task(folder, document.replace("{port}", str(port)), **environment) as running,
    ):
        sound = Callers()
        try:
            return _talk(folder, running, sound, calls)
        finally:
            sound.close()


def _talk(folder: Path, running: Process, sound: Callers, calls: int) -> Talk:
    ramp = calls / RAMP + 2
    held = ramp + MEASURED + HEARD + 3
    placing = threading.Thread(
        target=offer, args=(folder, running, RAMP, calls, int(1000 * held), "caller", sound.port)
    )
    placing.start()
    sound.hear(ramp)
    cpu, started = running.cpu(), time.monotonic()
    time.sleep(MEASURED)
    core = 100 * (running.cpu() - cpu) / (time.monotonic() - started)
    packets = sound.hear(HEARD)
    placing.join()
    running.wait_idle(60)
    came = [len(sent) / HEARD for sent in packets.values()]
    good = sum(_hears(sent) for sent in packets.values())
    if good < calls or min(came) < ARRIVED * PACKETS:
        raise RuntimeError(
            f"{good} of {calls} callers heard their tone; packets a second: {min(came)} at least"
        )
    return Talk(calls, core, statistics.mean(came), held)


def _hears(packets: list[bytes]) -> bool:
    """Whether the tone was there (nearly) all the time."""
    samples = [LINEAR[code] for packet in packets for code in packet]
    windows = heard(samples, TONE)
    return sum(windows) >= ARRIVED * len(windows)
