"""``callapi up``: keeps the local platform running until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from chalicelib.calls.routing.policy import Policy, read_policy
from chalicelib.calls.session import Application
from chalicelib.storage.accounts import check_client

from .platform import Client, Platform, announced, platform, write_private

HELLO = "<Response><Say>Hello. This is Call A P I, and it works.</Say></Response>"


class _StopError(Exception):
    """SIGTERM came while the platform was coming up."""


def application_from(rcml: Path | None, voice_url: str | None) -> Application:
    """What an incoming call runs: the file's document, the URL's, or a greeting.  OSError for a wrong file."""
    if voice_url:
        return Application(account_sid="", url=voice_url)
    return Application(account_sid="", rcml=rcml.read_text() if rcml else HELLO)


def client_from(text: str) -> Client:
    """``NAME:PASSWORD``.  Raises ValueError, whose text does not repeat it."""
    name, colon, password = text.partition(":")
    if not colon:
        raise ValueError("a client is NAME:PASSWORD")
    check_client(name, password)
    return Client(name, password)


def policy_from(file: Path | None) -> Policy | None:
    """The account's policy in JSON (docs/safety.md).  OSError for a wrong file, InvalidPolicyError for its text."""
    return read_policy(file.read_text()) if file else None


def up(
    application: Application,
    ready_file: Path | None,
    clients: tuple[Client, ...] = (),
    policy: Policy | None = None,
) -> int:
    """Run until Ctrl-C or SIGTERM (status 0), or until a part of the platform ends by itself (status 1)."""
    console = Console(stderr=True)
    with _stoppable() as stop:
        try:
            with (
                console.status("setting up") as status,
                platform(application, status.update, clients, policy) as local,
                announced(local.running),
            ):
                if ready_file:
                    write_private(ready_file, asdict(local.running.ready))
                status.stop()
                _show(local, clients)
                return _watch(local, stop, console)
        except (_StopError, KeyboardInterrupt):
            return 0
        finally:
            if ready_file:
                ready_file.unlink(missing_ok=True)


def _show(local: Platform, clients: tuple[Client, ...]) -> None:
    ready = local.running.ready
    print(f"SIP address  {ready.sip_uri}")
    print(f"API address  {ready.api_url}/2012-04-24/Accounts/{ready.account_sid}/Calls")
    print(f"Account      {ready.account_sid}")
    print(f"Token        {ready.auth_token}")
    for client in clients:
        print(f"Client       {ready.sip_uri.replace('sip:', f'sip:{client.name}@')}")
    print("Ctrl-C stops it.", flush=True)


def _watch(local: Platform, stop: threading.Event, console: Console) -> int:
    while not stop.wait(0.5):
        for child in (local.emulator, local.signaling):
            if not child.running:
                console.print(f"{child.name} ended:\n{child.last_words()}", markup=False)
                return 1
    return 0


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the first of them also interrupts the coming up."""
    stop = threading.Event()

    def on_signal(number: int, frame: object) -> None:
        first = not stop.is_set()
        stop.set()
        if first:
            raise _StopError

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
