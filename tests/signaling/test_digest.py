"""Digest against servers that ask, ask again, and ask for ever (RFC 3261 §22, RFC 8760)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.digest import PROXY, WWW, challenge, is_right
from tests.signaling.documents import MAIN, dial, sip
from tests.signaling.peer import Make, Peer
from tests.signaling.task import called, task_running
from tests.waiting import wait_until

CREDENTIALS = 'username="alice" password="wonderland"'


def ended_with(task: Any, code: int) -> bool:
    wait_until(lambda: [event for event in task.events("ended") if event.get("code")])
    return [event["code"] for event in task.events("ended") if event.get("code")] == [code]


@pytest.mark.parametrize(("algorithm", "hashed"), [("MD5", hashlib.md5), ("SHA-256", hashlib.sha256)])
def test_challenge_is_answered_in_its_algorithm(
    tmp_path: Path, peers: Make, algorithm: str, hashed: Callable[[bytes], Any]
) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, CREDENTIALS))}) as task:
        called(peers, task)
        callee.reply(callee.expect("INVITE"), WWW, challenge("a", "n1", algorithm=algorithm))
        invite = callee.expect("INVITE")
        assert is_right(invite, hashed=hashed)
        callee.answer(invite)
        wait_until(lambda: task.events("bridged"))


def test_proxy_that_asks_after_the_server_gets_both_answers(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, CREDENTIALS))}) as task:
        called(peers, task)
        callee.reply(callee.expect("INVITE"), WWW, challenge("server", "n1"))
        callee.reply(callee.expect("INVITE"), PROXY, challenge("proxy", "n2", proxy=True))
        invite = callee.expect("INVITE")
        assert is_right(invite)
        assert is_right(invite, "proxy-authorization")
        callee.answer(invite)
        wait_until(lambda: task.events("bridged"))


def test_stale_nonce_is_answered_once_more_with_the_new_one(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, CREDENTIALS))}) as task:
        called(peers, task)
        callee.reply(callee.expect("INVITE"), WWW, challenge("a", "old"))
        callee.reply(callee.expect("INVITE"), WWW, challenge("a", "new", ", stale=true"))
        invite = callee.expect("INVITE")
        assert 'nonce="new"' in invite.header("authorization")
        assert is_right(invite)
        callee.answer(invite)
        wait_until(lambda: task.events("bridged"))


def test_wrong_password_fails_the_leg_with_the_servers_code(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, 'username="alice" password="wrong"'))}) as task:
        called(peers, task)
        callee.reply(callee.expect("INVITE"), WWW, challenge("a", "n1"))
        invite = callee.expect("INVITE")
        assert not is_right(invite)
        callee.reply(invite, "403 Forbidden")
        assert ended_with(task, 403)


@pytest.mark.parametrize(("extra", "invites"), [("", 2), (", stale=false", 2), (", stale=true", 3)])
def test_server_that_asks_for_ever_is_given_up_and_the_leg_fails(
    tmp_path: Path, peers: Make, extra: str, invites: int
) -> None:
    """One INVITE without an answer, one with, and another one only for a nonce that the server calls stale."""
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee, CREDENTIALS))}) as task:
        called(peers, task)
        for number in range(10):
            callee.reply(callee.expect("INVITE"), WWW, challenge("a", f"n{number}", extra))
            wait_until(lambda: callee.waiting() or task.events("ended"))
            if task.events("ended"):
                break
        assert ended_with(task, 401)
        assert callee.count("INVITE") == invites


def test_challenge_without_credentials_fails_the_leg_at_once(tmp_path: Path, peers: Make) -> None:
    callee = peers(Peer)
    with task_running(tmp_path, {MAIN: dial(sip(callee))}) as task:
        called(peers, task)
        callee.reply(callee.expect("INVITE"), WWW, challenge("a", "n1"))
        assert ended_with(task, 401)
        assert callee.count("INVITE") == 1
