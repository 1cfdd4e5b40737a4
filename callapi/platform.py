"""The local platform: emulator, stack, an account, and the signaling process as ECS would start it.

Nothing in the product knows that it runs locally: only endpoints, the speech engine and the address guard's list
of allowed networks differ, all by configuration.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from chalicelib.calls.routing.policy import Policy
from chalicelib.calls.session import Application
from chalicelib.rcml import seal_passwords
from chalicelib.storage.accounts import Accounts
from chalicelib.storage.secrets import Sealer
from chalicelib.storage.table import Table

from .deployment import ALLOWED_LOCALLY, STACK, Stack, deploy
from .emulator import STOP_SECONDS, Cloud, start_emulator
from .packaging import ROOT
from .processes import LOOPBACK, Child, free_port, rtp_ports

STATE_FILE = ROOT / "callapi-data" / "platform.json"
SIGNALING_SECONDS = 30.0
DRAIN_SECONDS = 3
REALMS = (LOOPBACK, "localhost")
"""The domains at which a client of the local platform registers."""


class NotRunningError(Exception):
    """No platform is running here."""


@dataclass(frozen=True)
class Ready:
    """What a script needs to use the platform; the contents of ``--ready-file``."""

    sip_uri: str
    api_url: str
    account_sid: str
    auth_token: str

    def __repr__(self) -> str:
        return f"Ready({self.sip_uri!r}, {self.api_url!r}, {self.account_sid!r})"


@dataclass(frozen=True)
class Client:
    """A softphone that may register."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Running:
    """What another process needs to know of a running platform."""

    ready: Ready
    endpoint: str
    calls_table: str


@dataclass(frozen=True)
class Platform:
    """A platform that is up.  ``signaling`` and ``emulator`` are its processes, ``folder`` holds their output."""

    running: Running
    cloud: Cloud
    stack: Stack
    emulator: Child
    signaling: Child
    folder: Path


@contextmanager
def platform(
    application: Application,
    tell: Callable[[str], None] = lambda text: None,
    clients: tuple[Client, ...] = (),
    policy: Policy | None = None,
) -> Iterator[Platform]:
    """Start everything, yield it, and end all of it afterwards, whatever happens.

    ``application`` (its ``account_sid`` is ignored) is what a call to any domain runs.  ``tell`` hears what is
    being done.  ``clients`` may register; ``policy`` is the account's.  Raises StartError when a part does not come up.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="callapi-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        tell("starting the AWS emulator")
        emulator, cloud = start_emulator(folder)
        stack.callback(emulator.stop, STOP_SECONDS)
        tell("deploying the stack")
        deployed = deploy(cloud, folder)
        account, token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
        register(cloud, deployed, account, token, application, clients, policy)
        tell("starting the signaling process")
        sip_uri, signaling = stack.enter_context(signaling_task(cloud, deployed, folder))
        ready = Ready(sip_uri, _api_url(cloud, deployed), account, token)
        running = Running(ready, cloud.endpoint, deployed["CallsTable"])
        yield Platform(running, cloud, deployed, emulator, signaling, folder)


def register(
    cloud: Cloud,
    stack: Stack,
    account: str,
    token: str,
    application: Application,
    clients: tuple[Client, ...] = (),
    policy: Policy | None = None,
) -> None:
    """Save the account with its clients and its policy, and ``application`` as that of every domain.

    The passwords of its document are sealed.
    """
    seal = Sealer(cloud.client("kms"), stack["SealKey"]).seal
    accounts = Accounts(Table(cloud.dynamodb(), stack["AccountsTable"]))
    accounts.save_account(account, token, policy)
    for client in clients:
        accounts.save_client(account, client.name, client.password, REALMS)
    accounts.save_application(
        "*",
        msgspec.structs.replace(
            application,
            account_sid=account,
            rcml=seal_passwords(application.rcml, seal) if application.rcml else "",
        ),
    )


@contextmanager
def signaling_task(cloud: Cloud, stack: Stack, folder: Path) -> Iterator[tuple[str, Child]]:
    """Start a signaling process as ECS would, its files in ``folder``; yields its SIP URI and it once ready."""
    port = free_port()
    signaling = _start_signaling(cloud, stack, folder, port)
    try:
        signaling.wait_until((folder / "signaling.ready").exists, SIGNALING_SECONDS)
        yield f"sip:{LOOPBACK}:{port}", signaling
    finally:
        signaling.stop(DRAIN_SECONDS + 5.0)


def _start_signaling(cloud: Cloud, stack: Stack, folder: Path, port: int) -> Child:
    task = secrets.token_hex(8)
    queue = cloud.sqs().create_queue(QueueName=stack["TaskQueuePrefix"] + task)["QueueUrl"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        **cloud.environment,
        "TASK_ID": task,
        "TASK_QUEUE_URL": queue,
        "TASK_QUEUE_PREFIX": stack["TaskQueuePrefix"],
        "STEP_FUNCTION": stack["StepFunction"],
        "FETCH_FUNCTION": stack["FetchFunction"],
        "REGISTER_FUNCTION": stack["RegisterFunction"],
        "CALLS_TABLE": stack["CallsTable"],
        "OUTBOUND_QUEUE_URL": stack["OutboundQueueUrl"],
        "SEAL_KEY_ID": stack["SealKey"],
        "CREDENTIALS_PREFIX": f"/{STACK}/credentials",
        "ALLOWED_ADDRESSES": ALLOWED_LOCALLY,
        "SPEECH_ENGINE": "espeak-ng",
        "RECORDINGS_BUCKET": stack["RecordingsBucket"],
        "API_URL": _api_url(cloud, stack),
        "SIP_HOST": LOOPBACK,
        "SIP_PORT": str(port),
        "PUBLIC_ADDRESS": LOOPBACK,
        "RTP_PORT_START": str(rtp_ports()[0]),
        "RTP_PORT_COUNT": str(len(rtp_ports())),
        "HEALTH_PORT": str(free_port()),
        "DRAIN_SECONDS": str(DRAIN_SECONDS),
        "READY_FILE": str(folder / "signaling.ready"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "signaling"]
    return Child("the signaling process", command, environment, folder / "signaling.log")


def _api_url(cloud: Cloud, stack: Stack) -> str:
    return f"{cloud.endpoint}/restapis/{stack['ApiId']}/v1/_user_request_"


def write_private(path: Path, value: object) -> None:
    """Write ``value`` as JSON, whole or not at all, readable by its owner only: it holds the auth token."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(value, file, indent=2)
    Path(name).replace(path)


@contextmanager
def announced(running: Running) -> Iterator[None]:
    """Let ``callapi call`` and ``callapi trace`` find the platform while it runs."""
    write_private(STATE_FILE, asdict(running))
    try:
        yield
    finally:
        STATE_FILE.unlink(missing_ok=True)


def find_running() -> Running:
    """The platform that ``callapi up`` keeps running from this checkout; NotRunningError when there is none."""
    try:
        found = json.loads(STATE_FILE.read_text())
        return Running(Ready(**found["ready"]), found["endpoint"], found["calls_table"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise NotRunningError("no platform is running: start one with `callapi up`") from None
