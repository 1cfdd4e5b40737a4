"""An RTP endpoint for G.711 µ-law: sends a tone, presses keys, and measures which tones it hears."""

from __future__ import annotations

import math
import random
import socket
import struct
import threading
import time
from collections import deque

from ..processes import LOOPBACK

RATE = 8000
SAMPLES = 160
PCMU = 0
# The payload type that the SIP engine offers; RFC 3264 §5.1: who receives says which one it wants.
TELEPHONE_EVENT = 121
AMPLITUDE = 8000
# Share of the energy of half a second that lies at a frequency before we say that its tone was heard.
HEARD = 0.5
WINDOW = 25
BIAS, CLIP = 0x84, 32635


class RtpEndpoint:
    """Plays ``tone`` (Hz, continuously) to whoever sends to it, and keeps what it hears.  Use as a context."""

    def __init__(self, tone: int) -> None:
        self._tone = tone
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self._peer: tuple[str, int] | None = None
        self._heard: deque[bytes] = deque(maxlen=WINDOW)
        self._keys: deque[int] = deque()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._receive, self._send)]
        self.packets = 0
        self.tones: set[int] = set()
        self._listening_for: tuple[int, ...] = ()

    def __enter__(self) -> RtpEndpoint:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def listen_for(self, *frequencies: int) -> None:
        """Add to ``tones`` each of these that is clearly heard at some time (Hz)."""
        self._listening_for = frequencies

    def press(self, key: int) -> None:
        """Send the key 0 to 9 as a telephone event (RFC 4733)."""
        self._keys.append(key)

    def _receive(self) -> None:
        while not self._stop.is_set():
            try:
                packet, peer = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            self._peer = (peer[0], peer[1])
            if len(packet) > 12 and packet[1] & 0x7F == PCMU:
                self.packets += 1
                self._heard.append(packet[12:])
                if self.packets % WINDOW == 0:
                    self._measure(b"".join(self._heard))

    def _measure(self, sound: bytes) -> None:
        samples = [_DECODED[byte] for byte in sound]
        total = sum(sample * sample for sample in samples)
        if total / len(samples) < AMPLITUDE:
            return
        for frequency in self._listening_for:
            if _power(samples, frequency) / total > HEARD:
                self.tones.add(frequency)

    def _send(self) -> None:
        source = random.getrandbits(32)  # RFC 3550 §8.1 asks for a random SSRC, not for a secret one
        number, due = 0, time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += SAMPLES / RATE
            if self._peer is None:
                continue
            if self._keys:
                number = self._send_key(self._keys.popleft(), number, source)
                due = time.monotonic()
                continue
            at = number * SAMPLES
            self._transmit(PCMU, number, at, source, _tone(self._tone, at))
            number += 1

    def _send_key(self, key: int, number: int, source: int) -> int:
        """RFC 4733 §2.5: one timestamp for the whole event, its end sent three times."""
        at = number * SAMPLES
        for step in range(1, 8):
            ended = 0x80 if step > 4 else 0
            payload = struct.pack("!BBH", key, ended | 10, min(step, 5) * SAMPLES)
            self._transmit(TELEPHONE_EVENT | (0x80 if step == 1 else 0), number, at, source, payload)
            number += 1
            time.sleep(SAMPLES / RATE)
        return number

    def _transmit(self, kind: int, number: int, at: int, source: int, payload: bytes) -> None:
        header = struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, at & 0xFFFFFFFF, source)
        if self._peer is not None:
            try:
                self._socket.sendto(header + payload, self._peer)
            except OSError:
                # The far end has closed its port: nobody hears us any more, which is no failure of ours.
                self._peer = None


def _tone(frequency: int, at: int) -> bytes:
    step = 2 * math.pi * frequency / RATE
    return bytes(_encode(int(AMPLITUDE * math.sin(step * (at + index)))) for index in range(SAMPLES))


def _power(samples: list[int], frequency: int) -> float:
    """Energy of ``samples`` at ``frequency`` (Goertzel), on the scale of the sum of their squares."""
    factor = 2 * math.cos(2 * math.pi * frequency / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    return 2 * (before * before + last * last - factor * before * last) / len(samples)


def _encode(sample: int) -> int:
    """ITU-T G.711 µ-law."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), CLIP) + BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def _decode(byte: int) -> int:
    inverted = ~byte & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + BIAS << (inverted >> 4 & 0x07)) - BIAS
    return -magnitude if inverted & 0x80 else magnitude


_DECODED = [_decode(byte) for byte in range(256)]
