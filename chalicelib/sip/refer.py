"""REFER (RFC 3515): what it asks for, and whether it is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from . import wire
from .message import Message
from .name_addr import read_address
from .status import Status
from .uri import is_sip, read_uri


@dataclass(frozen=True)
class Refer:
    """A REFER that was accepted.  ``silent``: the transferor wants no NOTIFY (RFC 4488).  ``cseq``: of the request."""

    target: str
    referred_by: str
    silent: bool
    cseq: int


def judged(message: Message) -> tuple[int, Refer | None]:
    """The response to the REFER ``message``, and what it asks for when that is 202.

    501 for a method other than INVITE (§2.4.1), and for a transfer that replaces another call of the target (RFC 3891):
    that call is not ours to replace.
    """
    target = read_address(message.header("refer-to")).uri
    if not _is_callable(target):
        return Status.BAD_REQUEST, None
    if not _is_plain_invite(target):
        return Status.NOT_IMPLEMENTED, None
    by = read_address(message.header("referred-by")).uri
    silent = message.header("refer-sub").lower().startswith("false")
    return Status.ACCEPTED, Refer(target, by if _is_kept(by) else "", silent, message.cseq[0])


def _is_callable(target: str) -> bool:
    scheme = target[:4].lower()
    return (is_sip(target) or scheme == "tel:") and _is_kept(target) and " " not in target


def _is_kept(uri: str) -> bool:
    return uri.isprintable() and len(uri) <= wire.URI


def _is_plain_invite(target: str) -> bool:
    """Whether the URI has no other method, and no Replaces among its headers."""
    uri = read_uri(target)
    replaces = any(unquote(name).lower() == "replaces" for name, _ in uri.headers)
    return uri.parameter("method") in (None, "invite") and not replaces
