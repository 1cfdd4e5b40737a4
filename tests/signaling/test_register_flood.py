"""More REGISTERs than a task can take cost neither its calls nor the register function."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.signaling.documents import MAIN, dial
from tests.signaling.sipp import Sipp

from .registrant import CLIENTS, OK, Registrant, registrations
from .task import task_running

AT_ONCE = 50
"""REGISTERs that wait for an answer: fewer than the socket's buffer takes, whose loss is no fault of the task."""


def test_more_proven_registers_than_can_be_kept_are_refused_and_the_next_is_taken(
    tmp_path: Path, peers: Callable[..., Any]
) -> None:
    with task_running(tmp_path, {}, REGISTER_TAKES="2", **CLIENTS) as task:
        phone = peers(
            Registrant, task.sip_port, "tcp"
        )  # what is too much for a socket would be lost over UDP
        phone.obey(phone.ask())
        for _ in range(600):
            phone.send(phone.text(phone.proof()))
        codes = [phone.receive().line.split()[1] for _ in range(600)]
        assert set(codes) <= {"200", "500", "503"}  # 500: overtaken by a later one of its Call-ID
        assert codes.count("503") > 500
        assert phone.silent(1)
        assert peers(Registrant, task.sip_port).register().line == OK


def test_flood_of_registers_costs_no_function_and_no_call(
    tmp_path: Path, sipp: Callable[..., Sipp], peers: Callable[..., Any]
) -> None:
    """Anybody can send as many as the task answers, some thousand a second."""
    rung = dial("sip:bob@127.0.0.1:{port}")
    callee = sipp("callee", calls=5)
    with task_running(tmp_path, {MAIN: rung.format(port=callee.port)}, **CLIENTS) as task:
        flood = threading.Event()
        sent = 0

        def pour() -> None:
            nonlocal sent
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
                source.connect(("127.0.0.1", task.sip_port))
                source.settimeout(0.05)
                phone, waiting = peers(Registrant, task.sip_port), 0
                while not flood.is_set():
                    source.send(phone.text().encode())
                    sent, waiting = sent + 1, waiting + 1
                    if waiting == AT_ONCE:
                        with suppress(TimeoutError):
                            source.recv(65535)
                        waiting -= 1

        pouring = threading.Thread(target=pour)
        pouring.start()
        try:
            time.sleep(1)
            caller = sipp("caller", task.sip_port, calls=5, hold=8000)
            assert caller.wait() == 0
            assert callee.wait() == 0
            registered = peers(Registrant, task.sip_port, "tcp").register()
        finally:
            flood.set()
            pouring.join()
        assert sent > 2000
        assert registered.line == OK
        assert len(registrations(task)) == 1
        task.wait_idle()
