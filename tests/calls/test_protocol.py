"""What the processes send each other can be read on any thread, also by the first of a burst."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
from chalicelib.calls import commands, events, protocol, registration
kind, data = getattr({module}, "{kind}"), b"{data}"
start = threading.Barrier(30)
def read():
    start.wait()
    protocol.decode(data, kind)
threads = [threading.Thread(target=read) for _ in range(30)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
MESSAGES = [
    (
        "protocol",
        "StepRequest",
        '{"session":"CA1","number":0,"events":[{"type":"ended","at":1.0,"call":"CA1"}]}',
    ),
    ("protocol", "StepResponse", '{"session":"CA1","number":0,"commands":[{"type":"ring","call":"CA1"}]}'),
    ("protocol", "ChangeRequest", '{"session":"CA1","call":"CA1","change":{"url":"https://a.example/"}}'),
    ("protocol", "TraceRequest", '{"traces":[{"session":"CA1","first":0,"messages":[]}]}'),
    ("protocol", "TraceResponse", "{}"),
    ("protocol", "OutboundCall", '{"session":"CA1"}'),
    (
        "commands",
        "Fetch",
        '{"type":"fetch","call":"CA1","id":"F","account_sid":"AC1","url":"https://a.example/"}',
    ),
    ("events", "Fetched", '{"type":"fetched","at":1.0,"call":"CA1","id":"F"}'),
    ("registration", "Registered", '{"code":200}'),
]


@pytest.mark.parametrize(("module", "kind", "data"), MESSAGES)
def test_thirty_threads_read_their_first_message_at_once(module: str, kind: str, data: str) -> None:
    program = AT_ONCE.format(module=module, kind=kind, data=data.replace('"', '\\"'))
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
