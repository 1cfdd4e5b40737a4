"""Challenges every REGISTER, and has the register function answer those that answer the challenge.

A REGISTER without an answer to a fresh challenge of ours costs no function and no transaction: anybody can send them.
See docs/decisions/0011.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from chalicelib.calls.registration import METHOD, Registered, Registration
from chalicelib.sip.digest import ALGORITHMS, Credentials, read_credentials
from chalicelib.sip.errors import InvalidAddressError
from chalicelib.sip.status import Status

from ..engine.loop import Loop
from .inbox import Registers, Request
from .nonces import Nonces

Register = Callable[[Registration], Registered]
"""Asks the register function; blocks."""

COLLECT_EVERY = 0.02  # s
AT_ONCE = 16
"""Invocations at a time: the threads are there for what the calls ask first."""
LONGEST_WAIT = 4.0
"""Seconds for a thread.  With the time that an invocation takes it is less than registrar.c waits for the answer."""
BAD_REQUEST, UNAUTHORIZED, UNAVAILABLE = 400, 401, 503
_log = logging.getLogger(__name__)


class Registrar:
    """For the loop.  ``register`` None: this task knows no clients, and takes no REGISTER (405, see methods.py).

    ``task``: which one this is, kept with a contact.
    """

    def __init__(self, loop: Loop, task: str, register: Register | None) -> None:
        self._loop = loop
        self._task = task
        self._register = register
        self._registers = Registers()
        self._nonces = Nonces()
        self._waiting: deque[tuple[float, int, Registration]] = deque()
        self._asked = 0

    @property
    def active(self) -> bool:
        """Whether anybody can register here."""
        return self._register is not None

    def start(self) -> None:
        """Take REGISTERs; after libInit."""
        if self.active:
            self._registers.start()
            self._collect()

    def refuse(self) -> None:
        """503 from now on; those that were taken are still answered."""
        self._registers.refuse()

    def _collect(self) -> None:
        self._loop.after(COLLECT_EVERY, self._collect)
        for request in self._registers.drain():
            # Each by itself: what one of them breaks must not keep the others from their answer.
            self._loop.soon(partial(self._take, request))

    def _take(self, request: Request) -> None:
        try:
            order = _order(request)
            answer = _answer(request)
        except InvalidAddressError:
            self._registers.respond(request.number, Status.BAD_REQUEST)
            return
        if answer is None:
            self._challenge(request, stale=False)
        elif not self._nonces.is_fresh(answer[1].nonce, request.realm, request.host):
            self._challenge(request, stale=True)
        else:
            self._accept(request, order, *answer)

    def _challenge(self, request: Request, *, stale: bool) -> None:
        """One challenge for each algorithm, the one that we would rather have first (RFC 8760 §2.3)."""
        nonce = self._nonces.new(request.realm, request.host)
        rest = f'realm="{request.realm}", nonce="{nonce}", qop="auth"' + (", stale=true" if stale else "")
        headers = tuple(
            ("WWW-Authenticate", f"Digest {rest}, algorithm={algorithm}")
            for algorithm in reversed(ALGORITHMS)
        )
        self._registers.respond(request.number, Status.UNAUTHORIZED, headers)

    def _accept(self, request: Request, order: int, authorization: str, credentials: Credentials) -> None:
        """From here on it has a transaction, so that what follows is done once, whatever was sent again."""
        if not self._registers.accept(request.number):
            self._registers.respond(request.number, Status.SERVICE_UNAVAILABLE)
        elif not self._nonces.use(credentials.nonce, credentials.count):
            self._challenge(request, stale=True)
        else:
            registration = Registration(
                at=time.time(),
                aor=request.aor,
                authorization=authorization,
                call_id=request.message.header("call-id"),
                cseq=order,
                received=request.received,
                task=self._task,
                contacts=request.message.values("contact"),
                expires=request.message.header("expires"),
                require=request.message.values("require"),
            )
            self._waiting.append((time.monotonic(), request.number, registration))
            self._ask()

    def _ask(self) -> None:
        while self._waiting and self._asked < AT_ONCE:
            since, number, registration = self._waiting.popleft()
            if time.monotonic() - since > LONGEST_WAIT:
                self._registers.respond(number, Status.SERVICE_UNAVAILABLE)
                continue
            assert self._register is not None
            self._asked += 1
            self._loop.off_loop(
                partial(self._register, registration),
                partial(self._done, number),
                partial(self._failed, number),
            )

    def _done(self, number: int, registered: Registered) -> None:
        self._asked -= 1
        self._registers.respond(number, registered.code, registered.headers)
        self._ask()

    def _failed(self, number: int, error: Exception) -> None:
        self._asked -= 1
        _log.warning("register: %s", type(error).__name__)
        self._registers.respond(number, Status.SERVICE_UNAVAILABLE)
        self._ask()


def _order(request: Request) -> int:
    """Its CSeq number.  Raises InvalidAddressError when it has none, is for no host, or is too long."""
    number, method = request.message.cseq
    if method != METHOD or not request.realm or request.too_long:
        raise InvalidAddressError(0, f"no {METHOD} that could be answered otherwise")
    return number


def _answer(request: Request) -> tuple[str, Credentials] | None:
    """The Authorization that answers a challenge for the request's realm, as it is and as it was read."""
    for value in request.message.values("authorization"):
        credentials = read_credentials(value)
        if credentials is not None and credentials.realm.lower() == request.realm:
            return value, credentials
    return None
