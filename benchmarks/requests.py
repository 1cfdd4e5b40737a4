"""AWS requests of one dialled call: the real task, the deployed functions, SIPp at both ends, every request counted.

One caller, one Sip; it rings for a second, is answered and bridged, and the caller hangs up.  What Lambda's own poller
asks of the callbacks queue is not seen here.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from callapi.demo.application import Application
from callapi.deployment import Stack, deploy
from callapi.emulator import STOP_SECONDS, Cloud, start_emulator
from callapi.packaging import ROOT
from callapi.platform import register, signaling_task
from callapi.processes import LOOPBACK, free_port
from chalicelib.calls.session import Application as Voice
from chalicelib.storage.listing import Filter, Listing
from chalicelib.storage.table import Table

from .counting_proxy import Counting, Seen
from .measure import Row

CALLS = 5
SECONDS = 30.0
HELD_MS = 2500  # from the caller's 200, which comes before the callee's
UNIT_BYTES = 1024
ACCOUNT = "AC" + "b" * 32
SCENARIOS = ROOT / "tests" / "signaling" / "scenarios"
STATUS = ' statusCallback="/status" statusCallbackEvent="initiated ringing answered completed"'
COUNTED = ("Step", "Fetch", "Callbacks")


@dataclass(frozen=True)
class Scene:
    """The deployment with a task in it.  ``counters``: by the name of who asks."""

    cloud: Cloud
    stack: Stack
    folder: Path
    application: Application
    target: str
    counters: dict[str, Counting]

    def ended(self) -> int:
        """Calls, parents and legs, that the listing shows as over."""
        listing = Listing(Table(self.cloud.dynamodb(), self.stack["CallsTable"]))
        return len(listing.page(ACCOUNT, Filter(status="completed"), 1000).calls)


@dataclass
class Figures:
    """Means of ``CALLS`` calls.  ``requests`` by "who: what"; ``log_bytes``, ``log_units``: of the log's rows."""

    requests: dict[str, float]
    log_bytes: float
    log_units: float
    callbacks: float

    def asked(self, *parts: str) -> float:
        """Requests with one of ``parts`` in their name; all of them without."""
        return sum(n for name, n in self.requests.items() if any(part in name for part in parts or ("",)))


def main() -> list[Row]:
    """Requests per call, by who asks for what, with status callbacks on and off."""
    on, off = _per_call(STATUS), _per_call("")
    named = sorted({*on.requests, *off.requests})
    return [
        _row("AWS requests of a dialled call, callbacks on", on.asked(), off.asked()),
        _row("of them steps", on.asked("Invoke Step"), off.asked("Invoke Step"), "about 6"),
        _row("of them writes to the log", on.asked("PutItem step"), off.asked("PutItem step"), "one a step"),
        _row("kilobytes written to the log", on.log_bytes / 1000, off.log_bytes / 1000),
        _row("write units of the log", on.log_units, off.log_units),
        _row("runs of the callbacks function, by the queue", on.callbacks, off.callbacks),
        *[_row(name, on.requests.get(name, 0), off.requests.get(name, 0)) for name in named],
    ]


def _row(name: str, on: float, off: float, goal: str = "") -> Row:
    return Row(name, _figure(on), goal, f"{_figure(off)} with callbacks off")


def _figure(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _per_call(status: str) -> Figures:
    """After one call that filled the caches."""
    with tempfile.TemporaryDirectory() as folder, _scene(Path(folder), status) as scene:
        _call(scene, expected=1, callbacks=4 if status else 0)
        for counter in scene.counters.values():
            counter.seen.clear()
        for number in range(2, CALLS + 2):
            _call(scene, expected=number, callbacks=4 if status else 0)
        callbacks = len(scene.application.received("/status")) / (CALLS + 1)
        seen = [(who, each) for who, counter in scene.counters.items() for each in counter.seen]
    counted = Counter(f"{who}: {each.operation}" for who, each in seen if not _by_the_clock(each))
    rows = [each.item for _, each in seen if each.operation == "PutItem step"]
    return Figures(
        {name: count / CALLS for name, count in counted.items()},
        sum(rows) / CALLS,
        sum(math.ceil(size / UNIT_BYTES) for size in rows) / CALLS,
        callbacks,
    )


def _by_the_clock(seen: Seen) -> bool:
    """Whether the task asks for it all the time: its two queues, its sign of life, its figures."""
    return seen.operation.startswith(("ReceiveMessage", "PutMetricData")) or seen.operation.endswith(" task")


@contextmanager
def _scene(folder: Path, status: str) -> Iterator[Scene]:
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(_callee(folder, port))
        document = f"<Response><Dial><Sip{status}>sip:bob@{LOOPBACK}:{port}</Sip></Dial></Response>"
        application = stack.enter_context(Application(document, lambda request: None))
        emulator, cloud = start_emulator(folder)
        stack.callback(emulator.stop, STOP_SECONDS)
        deployed = deploy(cloud, folder)
        register(cloud, deployed, ACCOUNT, "token", Voice(ACCOUNT, url=f"{application.url}/voice"))
        counters = {name: stack.enter_context(Counting(cloud.endpoint)) for name in ("task", *COUNTED)}
        _count_functions(cloud, counters)
        through = Cloud(counters["task"].endpoint)
        target, _ = stack.enter_context(signaling_task(through, deployed, folder))
        yield Scene(cloud, deployed, folder, application, target.removeprefix("sip:"), counters)


def _count_functions(cloud: Cloud, counters: dict[str, Counting]) -> None:
    """Let each function's process go through its counter."""
    client = cloud.client("lambda")
    for function in client.list_functions()["Functions"]:
        for name in COUNTED:
            if f"-{name}Function-" in function["FunctionName"]:
                variables = function["Environment"]["Variables"]
                variables["AWS_ENDPOINT_URL"] = counters[name].endpoint
                client.update_function_configuration(
                    FunctionName=function["FunctionName"], Environment={"Variables": variables}
                )


def _call(scene: Scene, expected: int, callbacks: int) -> None:
    """Play one call, the ``expected``-th, to its end and the end of all that it set off."""
    caller = _sipp(scene.folder, "caller", free_port(), scene.target, "-m", "1", "-d", str(HELD_MS))
    try:
        if caller.wait(SECONDS):
            raise RuntimeError(f"the caller failed: {(scene.folder / 'caller.errors').read_text()}")
    finally:
        caller.kill()
    _wait("the listing", lambda: scene.ended() == 2 * expected)
    _wait("the callbacks", lambda: len(scene.application.received("/status")) == callbacks * expected)
    _wait_quiet(scene)


def _wait(what: str, done: Callable[[], bool]) -> None:
    limit = time.monotonic() + SECONDS
    while not done():
        if time.monotonic() > limit:
            raise TimeoutError(f"waited {SECONDS:g} s for {what}")
        time.sleep(0.05)


def _wait_quiet(scene: Scene) -> None:
    """Until a second passes in which nothing but what goes by the clock is asked for."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < 1:
        seen = [each for counter in scene.counters.values() for each in counter.seen]
        now = sum(not _by_the_clock(each) for each in seen)
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.05)


@contextmanager
def _callee(folder: Path, port: int) -> Iterator[None]:
    process = _sipp(folder, "callee_hesitates", port)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _sipp(folder: Path, scenario: str, port: int, *arguments: str) -> subprocess.Popen[bytes]:
    command = [
        "sipp", *arguments, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", LOOPBACK, "-p", str(port),
        "-mi", LOOPBACK, "-key", "rtp_port", "9", "-t", "u1", "-nostdin",
        "-trace_err", "-error_file", str(folder / f"{scenario}.errors"),
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet)
