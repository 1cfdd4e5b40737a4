"""A telephone's media: PCMU or PCMA over RTP, a sine out, a tone measured in, RFC 4733 digits out."""

from __future__ import annotations

import math
import socket
import struct
import threading
import time
from bisect import bisect
from collections import deque
from collections.abc import Sequence

FRAME = 160  # samples: 20 ms at 8 kHz
EVENT = 121  # the number that the task's own SDP gives telephone-event
DIGITS = "0123456789*#"
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)  # Hz (ITU-T Q.23)
CALLER_TONE, CALLEE_TONE = 600.0, 1000.0  # Hz
KEYPAD = ("123", "456", "789", "*0#")


def _linear(code: int) -> int:
    """One µ-law octet as 16-bit PCM (ITU-T G.711)."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -magnitude if code & 0x80 else magnitude


LINEAR = [_linear(code) for code in range(256)]


def compressed(sample: int) -> int:
    """16-bit PCM as one µ-law octet."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 0x84
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


def _linear_a(code: int) -> int:
    """One A-law octet as 16-bit PCM (ITU-T G.711)."""
    code ^= 0x55
    segment, magnitude = (code & 0x70) >> 4, ((code & 0x0F) << 4) + 8
    magnitude = magnitude + 0x100 << segment - 1 if segment else magnitude
    return magnitude if code & 0x80 else -magnitude


LINEAR_A = [_linear_a(code) for code in range(256)]
BY_VALUE = sorted(range(256), key=LINEAR_A.__getitem__)


def compressed_a(sample: int) -> int:
    """16-bit PCM as one A-law octet."""
    return BY_VALUE[min(255, bisect(BY_VALUE, sample, key=LINEAR_A.__getitem__))]


PCMU, PCMA = 0, 8
LAWS = {PCMU: (LINEAR, compressed), PCMA: (LINEAR_A, compressed_a)}


def tones(*parts: tuple[float, float, float]) -> list[int]:
    """Samples of two sines (Hz, 0 for none) for so many seconds each."""
    return [
        int(sum(6000 * math.sin(2 * math.pi * frequency * i / 8000) for frequency in (first, second)))
        for first, second, seconds in parts
        for i in range(int(8000 * seconds))
    ]


def key(digit: str, seconds: float = 0.08) -> list[int]:
    """The tone of a key, and as long a pause."""
    row = next(number for number, keys in enumerate(KEYPAD) if digit in keys)
    both = ROWS[row], COLUMNS[KEYPAD[row].index(digit)]
    return tones((*both, seconds), (0, 0, seconds))


class Telephone:
    """Sends ``tone`` Hz (0: silence) to whoever sent it RTP last; keeps what it hears.

    ``late``: the longest, in seconds, that a packet of sound came after its time, because this machine was busy.  The
    other side cannot tell such a delay from a hole in the sound.
    """

    def __init__(self, tone: float) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self.port: int = self._socket.getsockname()[1]
        self._tone = tone
        self._peer: tuple[str, int] | None = None
        self._heard: list[int] = []
        self._keys: list[str] = []
        self._sounds: deque[int] = deque()
        self.digits = ""
        self.late = 0.0
        self.codec = PCMU
        self._sequence = self._time = 0
        self._running, self._silent = True, False
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._receive, self._send)]
        for thread in self._threads:
            thread.start()

    def sends_to(self, port: int) -> None:
        """Without waiting to be sent anything first."""
        self._peer = ("127.0.0.1", port)

    def falls_silent(self) -> None:
        """No packet more, but listening."""
        self._silent = True

    def reports(self, port: int) -> None:
        """An RTCP receiver report with one block (RFC 3550 §6.4.2)."""
        self._socket.sendto(struct.pack("!BBHI24x", 0x81, 201, 7, 77), ("127.0.0.1", port))

    def press(self, digit: str) -> None:
        self._keys.append(digit)

    def plays(self, samples: Sequence[int]) -> None:
        """In place of its tone, when what it plays already is over."""
        self._sounds.extend(samples)

    def has_played(self) -> bool:
        return not self._sounds

    def hears(self, frequency: float, seconds: float = 0.4, share: float = 0.5) -> bool:
        """Whether more than ``share`` of the power of the last ``seconds`` is that frequency (Goertzel)."""
        size = int(8000 * seconds)
        samples = self._heard[-size:]
        if len(samples) < size:
            return False
        factor = 2 * math.cos(2 * math.pi * frequency / 8000)
        one = two = 0.0
        for sample in samples:
            one, two = sample + factor * one - two, one
        power = (one * one + two * two - factor * one * two) * 2 / size
        return power > share * sum(sample * sample for sample in samples) > 0

    def loudness(self, seconds: float) -> float:
        """The root mean square of what it heard last."""
        samples = self._heard[-int(8000 * seconds) :]
        return math.sqrt(sum(sample * sample for sample in samples) / max(1, len(samples)))

    def heard_seconds(self) -> float:
        return len(self._heard) / 8000

    def close(self) -> None:
        self._running = False
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while self._running:
            try:
                packet, self._peer = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if packet[1] & 0x7F == EVENT and packet[1] & 0x80:
                self.digits += DIGITS[packet[12]]
            elif packet[1] & 0x7F == self.codec:
                linear = LAWS[self.codec][0]
                self._heard += [linear[code] for code in packet[12:]]

    def _send(self) -> None:
        due = time.monotonic()
        while self._running:
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
            self.late = max(self.late, time.monotonic() - due)
            if self._silent:
                continue
            if self._peer and self._keys:
                self._send_digit(self._keys.pop(0))
                due = time.monotonic()
            elif self._peer:
                self._send_packet(self.codec, self._time, self._sound())
                self._time += FRAME

    def _sound(self) -> bytes:
        if not self._sounds:
            return self._sine()
        samples = [self._sounds.popleft() for _ in range(min(FRAME, len(self._sounds)))]
        return bytes(compressed(sample) for sample in samples).ljust(FRAME, b"\xff")

    def _sine(self) -> bytes:
        step = 2 * math.pi * self._tone / 8000
        code = LAWS[self.codec][1]
        return bytes(code(int(8000 * math.sin(step * (self._time + i)))) for i in range(FRAME))

    def _send_digit(self, digit: str) -> None:
        """Five packets of one event, the last three with the end bit (RFC 4733 §2.5.1.4)."""
        start = self._time
        for number in range(1, 9):
            end = 0x80 if number > 5 else 0
            body = struct.pack("!BBH", DIGITS.index(digit), end | 10, FRAME * min(number, 6))
            self._send_packet(EVENT | (0x80 if number == 1 else 0), start, body)
            time.sleep(0.02)
        self._time += FRAME * 8

    def _send_packet(self, kind: int, timestamp: int, body: bytes) -> None:
        assert self._peer is not None
        header = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, timestamp, 77)
        self._socket.sendto(header + body, self._peer)
        self._sequence += 1
