from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.calls.protocol import decode, encode
from chalicelib.calls.registration import Registered, Registration
from chalicelib.calls.session import Application
from chalicelib.registrar.contacts import Contacts
from tests.digest import authorization
from tests.storage.cloud import ACCOUNT, Cloud, cloud_running, function

PASSWORD = "correct horse"
DOMAIN = "example.com"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with cloud_running() as running:
        running.accounts.save_client(ACCOUNT, "alice", PASSWORD, (DOMAIN,))
        yield running


@pytest.fixture
def register(cloud: Cloud) -> Iterator[Client]:
    with function("register") as client:
        yield client


def ask(client: Client, proof: str, **rest: Any) -> Registered:
    """Invoke the register function as a task does: JSON in, JSON out."""
    given: dict[str, Any] = {
        "at": time.time(), "aor": f"sip:alice@{DOMAIN}", "authorization": proof, "call_id": "c1", "cseq": 1,
        "received": "sip:203.0.113.7:1024;transport=udp", "task": "t1", "contacts": ("<sip:alice@10.0.0.1>",),
    } | rest  # fmt: skip
    answer = client.lambda_.invoke("register", json.loads(encode(Registration(**given))))
    return decode(json.dumps(answer.payload), Registered)


def proof(name: str = "alice", password: str = PASSWORD, algorithm: str = "MD5", realm: str = DOMAIN) -> str:
    return authorization(name, password, realm, "nonce", algorithm)


def bound(cloud: Cloud, name: str = "alice") -> list[str]:
    return [contact.uri for contact in Contacts(cloud.table).of(ACCOUNT, (name,))[name]]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_client_that_proves_its_password_is_bound(cloud: Cloud, register: Client, algorithm: str) -> None:
    answer = ask(register, proof(algorithm=algorithm))
    assert answer.code == 200
    assert answer.headers[0] == ("Contact", "<sip:alice@10.0.0.1>;expires=3600")
    assert bound(cloud) == ["sip:alice@10.0.0.1"]


def test_contacts_of_several_telephones_are_all_answered(register: Client) -> None:
    ask(register, proof())
    answer = ask(register, proof(), call_id="c2", contacts=("<sip:alice@10.0.0.2>",))
    assert sum(name == "Contact" for name, _ in answer.headers) == 2


@pytest.mark.parametrize(
    "refused",
    [
        proof(password="wrong"),
        proof(password=""),
        proof(name="mallory"),
        proof(name="mallory", password=""),
        proof(realm="other.example.com"),
    ],
)
def test_who_does_not_prove_to_be_the_client_is_forbidden(
    cloud: Cloud, register: Client, refused: str
) -> None:
    assert ask(register, refused) == Registered(403)
    assert bound(cloud) == []


def test_unknown_client_is_refused_like_a_wrong_password(cloud: Cloud, register: Client) -> None:
    unknown = ask(register, proof(name="nobody", password=""), aor=f"sip:nobody@{DOMAIN}")
    assert unknown == ask(register, proof(password="wrong")) == Registered(403)
    assert bound(cloud, "nobody") == []


def test_one_client_cannot_register_as_another(cloud: Cloud, register: Client) -> None:
    cloud.accounts.save_client(ACCOUNT, "bob", "bob's own", (DOMAIN,))
    assert ask(register, proof("bob", "bob's own"), aor=f"sip:alice@{DOMAIN}") == Registered(403)
    assert bound(cloud) == []


def test_domain_is_that_of_its_own_account(cloud: Cloud, register: Client) -> None:
    """The same name and password, but alice of one account is not alice of the other."""
    cloud.accounts.save_application("other.example.com", Application("AC" + "9" * 32, url="https://other/"))
    cloud.accounts.save_client(ACCOUNT, "alice", PASSWORD, (DOMAIN, "other.example.com"))
    other = proof(realm="other.example.com")
    assert ask(register, other, aor="sip:alice@other.example.com") == Registered(403)


def test_domain_that_nobody_has_is_not_found(cloud: Cloud, register: Client) -> None:
    cloud.dynamodb.delete_item(TableName="accounts", Key={"pk": {"S": "domain#*"}})
    assert ask(register, proof()) == Registered(404)


def test_rules_are_for_those_who_proved_themselves(register: Client) -> None:
    brief = {"contacts": ("<sip:alice@h>;expires=1",)}
    assert ask(register, proof(password="wrong"), **brief) == Registered(403)
    assert ask(register, proof(), **brief) == Registered(423, (("Min-Expires", "60"),))


def test_client_that_leaves_is_bound_no_more(cloud: Cloud, register: Client) -> None:
    ask(register, proof())
    answer = ask(register, proof(), cseq=2, contacts=("*",), expires="0")
    assert [name for name, _ in answer.headers] == ["Date"]
    assert bound(cloud) == []


def test_question_writes_nothing(cloud: Cloud, register: Client) -> None:
    ask(register, proof())
    before = cloud.rows("client#")
    assert ask(register, proof(), cseq=2, contacts=()).headers[0][0] == "Contact"
    assert cloud.rows("client#") == before


def test_authorization_that_cannot_be_read_is_malformed(register: Client) -> None:
    assert ask(register, "Digest nonsense").code == 400


def test_what_the_function_prints_has_no_credentials(
    register: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = proof()
    ask(register, secret)
    ask(register, proof(password="wrong"))
    out, err = capfd.readouterr()
    response = secret.partition('response="')[2].partition('"')[0]
    assert response not in out + err
    assert "alice" not in out + err
    assert [json.loads(line)["code"] for line in err.splitlines()] == [200, 403]


def test_registration_shows_no_credentials() -> None:
    shown = repr(Registration(0, "sip:alice@h", "Digest secret", "c", 1, "sip:h", "t"))
    assert "secret" not in shown
