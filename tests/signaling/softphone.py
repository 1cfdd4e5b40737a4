"""A second SIP stack, in a process of its own: answers one call at a time, sends back the sound that it gets, and says
what it got.

``python -m tests.signaling.softphone udp|tls none|srtp CODEC CERT KEY CONTACT``, CODEC empty for all of
them, CONTACT its host or empty for the address, prints its port, then a JSON line for each event.  ``REGISTRAR``,
``USERNAME`` and ``PASSWORD`` of the environment: where and as whom it registers; a line on standard input takes the
registration away.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pjsua2 as pj

from tests.signaling.certificates import authority, certificate
from tests.signaling.documents import MAIN, dial
from tests.signaling.name_server import name_server
from tests.signaling.task import ROOT, Task, task_running
from tests.waiting import wait_until

KINDS = {
    "udp": pj.PJSIP_TRANSPORT_UDP, "udp6": pj.PJSIP_TRANSPORT_UDP6,
    "tcp": pj.PJSIP_TRANSPORT_TCP, "tcp6": pj.PJSIP_TRANSPORT_TCP6,
    "tls": pj.PJSIP_TRANSPORT_TLS, "tls6": pj.PJSIP_TRANSPORT_TLS6,
}  # fmt: skip


def say(**event: Any) -> None:
    print(json.dumps(event), flush=True)


class PhoneCall(pj.Call):
    heard = False

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        say(state=info.stateText)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            ended.append(self)

    def onCallMediaState(self, prm: Any) -> None:
        audio = self.getAudioMedia(-1)
        audio.startTransmit(audio)
        say(codec=self.getStreamInfo(0).codecName)

    def tell_media(self) -> None:
        """Packets that were understood: what cannot be decrypted never reaches the stream."""
        try:
            packets = self.getStreamStat(0).rtcp.rxStat.pkt
        except pj.Error:  # no stream yet
            return
        if packets >= 10 and not self.heard:
            self.heard = True
            say(heard=packets)


class Phone(pj.Account):
    def onIncomingCall(self, prm: Any) -> None:
        say(invite=prm.rdata.wholeMsg)
        call = PhoneCall(self, prm.callId)
        calls.append(call)
        parameters = pj.CallOpParam(True)
        parameters.statusCode = 200
        call.answer(parameters)

    def onRegState(self, prm: Any) -> None:
        say(registered=int(prm.code))


calls: list[PhoneCall] = []
ended: list[PhoneCall] = []


def serve(kind: str, media: str, codec: str, cert: str, key: str, contact: str) -> None:
    library = pj.Endpoint()
    library.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = config.logConfig.consoleLevel = 1
    library.libInit(config)
    library.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    host = "::1" if kind.endswith("6") else "127.0.0.1"
    transport.boundAddress = transport.publicAddress = host
    transport.tlsConfig.certFile, transport.tlsConfig.privKeyFile = cert, key
    number = library.transportCreate(KINDS[kind], transport)
    library.libStart()
    for known in library.codecEnum2():
        library.codecSetPriority(known.codecId, 255 if known.codecId.startswith(codec) else 0)
    account = pj.AccountConfig()
    account.idUri = "sip:phone@127.0.0.1"
    account.mediaConfig.ipv6Use = (
        pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY if kind.endswith("6") else pj.PJSUA_IPV6_DISABLED
    )
    account.mediaConfig.transportConfig.boundAddress = host
    account.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY if media == "srtp" else pj.PJMEDIA_SRTP_DISABLED
    account.mediaConfig.srtpSecureSignaling = 0
    port = int(library.transportGetInfo(number).localName.rsplit(":", 1)[1])
    place = contact or f"127.0.0.1:{port}"
    if kind == "tls":  # a sips: call wants a Contact of its kind
        account.sipConfig.contactForced = f"<sips:phone@{place};transport=tls>"
    elif contact:
        account.sipConfig.contactForced = f"<sip:phone@{place};transport={kind}>"
    if "REGISTRAR" in os.environ:
        register_at(account, os.environ["REGISTRAR"])
    phone = Phone()
    phone.create(account, True)
    say(port=port)
    while True:
        library.libHandleEvents(10)
        if (
            account.regConfig.registrarUri
            and select.select([sys.stdin], [], [], 0)[0]
            and sys.stdin.readline()
        ):
            phone.setRegistration(False)
        for call in calls:
            call.tell_media()
        while ended:
            calls.remove(ended.pop())


def register_at(account: Any, registrar: str) -> None:
    name = os.environ["USERNAME"]
    account.idUri = registrar.replace("sip:", f"sip:{name}@")
    account.regConfig.registrarUri = registrar
    account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", name, 0, os.environ["PASSWORD"]))


class Softphone:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._events: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(wait_until(lambda: self.of("port"))[0])

    def of(self, key: str) -> list[Any]:
        return [event[key] for event in list(self._events) if key in event]

    def leave(self) -> None:
        """It registers no more, and says so."""
        assert self._process.stdin is not None
        self._process.stdin.write("leave\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._events.append(json.loads(line))


@contextmanager
def softphone(
    kind: str, media: str = "none", *, codec: str = "", cert: str = "", key: str = "", contact: str = "",
    **environment: str,
) -> Iterator[Softphone]:  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.signaling.softphone", kind, media, codec, cert, key, contact], cwd=ROOT,
        env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    phone = Softphone(process)
    try:
        yield phone
    finally:
        phone.close()


@contextmanager
def dialled_by_name(
    folder: Path, kind: str, media: str = "none", *, parameters: str, contact: str = "", address: str = "A 127.0.0.1",
    **environment: str,
) -> Iterator[tuple[Softphone, Task]]:  # fmt: skip
    """A softphone with the name and the certificate of pbx.example, and a task that dials it there."""
    issuer = authority(folder)
    own = certificate(folder, issuer, "pbx.example")
    with (
        softphone(kind, media, cert=str(own.cert), key=str(own.key), contact=contact) as phone,
        name_server(f"pbx.example {address}") as dns,
        task_running(
            folder, {MAIN: dial(f"sip:bob@pbx.example:{phone.port};{parameters}")}, NAME_SERVERS=dns.address,
            TLS_CA_FILE=str(issuer.cert), **environment,
        ) as task,
    ):  # fmt: skip
        yield phone, task


def registering_softphone(
    registrar_port: int, username: str, password: str, kind: str = "udp"
) -> AbstractContextManager[Softphone]:
    """One that registers at 127.0.0.1."""
    registrar = f"sip:127.0.0.1:{registrar_port}" + (";transport=tcp" if kind == "tcp" else "")
    return softphone(kind, REGISTRAR=registrar, USERNAME=username, PASSWORD=password)


if __name__ == "__main__":
    serve(*sys.argv[1:])
