from __future__ import annotations

import time

import pytest

from chalicelib.sip import InvalidAddressError
from chalicelib.sip.digest import Algorithm, ha1, proves, read_credentials

# RFC 7616 §3.9.1: the same request in both algorithms.
MUFASA = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RESPONSES: dict[Algorithm, str] = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


@pytest.mark.parametrize("algorithm", RESPONSES)
def test_example_of_the_rfc_proves_the_password(algorithm: Algorithm) -> None:
    credentials = read_credentials(MUFASA.format(algorithm=algorithm, response=RESPONSES[algorithm]))
    assert credentials is not None
    right, wrong = (
        ha1(algorithm, "Mufasa", "http-auth@example.org", password)
        for password in ("Circle of Life", "Hakuna Matata")
    )
    assert proves(credentials, right, "GET")
    assert not proves(credentials, wrong, "GET")
    assert not proves(credentials, right, "REGISTER")


def test_algorithm_that_is_not_named_is_md5() -> None:
    text = MUFASA.format(algorithm="MD5", response=RESPONSES["MD5"]).replace("algorithm=MD5, ", "")
    credentials = read_credentials(text)
    assert credentials is not None
    assert credentials.algorithm == "MD5"


def test_quoted_value_may_hold_commas_and_escaped_quotes() -> None:
    text = MUFASA.format(algorithm="MD5", response="0").replace('"Mufasa"', r'"a, \"b\" \\ c=d"')
    credentials = read_credentials(text)
    assert credentials is not None
    assert credentials.username == 'a, "b" \\ c=d'


def test_another_scheme_is_no_digest() -> None:
    assert read_credentials("Basic YWxpY2U6c2VjcmV0") is None


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("algorithm=MD5", "algorithm=MD5-sess"),
        ("algorithm=MD5", "algorithm=SHA-512-256"),
        ("qop=auth", "qop=auth-int"),
        ("qop=auth, ", ""),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=-0000001"),
        ('response="0", ', ""),
        ('uri="/dir/index.html", ', ""),
        ("qop=auth", "qop=auth, qop=auth"),
        ('username="Mufasa"', 'username="Mufasa'),
        ('username="Mufasa"', "username="),
        ("Digest ", "Digest , "),
    ],
)
def test_answer_to_what_was_not_offered_is_refused(good: str, bad: str) -> None:
    text = MUFASA.format(algorithm="MD5", response="0")
    assert good in text
    with pytest.raises(InvalidAddressError) as refused:
        read_credentials(text.replace(good, bad))
    assert "Mufasa" not in str(refused.value)


@pytest.mark.parametrize(
    "hostile", ['"' * 8000, 'a="\\' * 2000, "a=b," * 2000, 'a="b' + " " * 8000, "\u0000=\ufffd", ""]
)
def test_hostile_header_is_refused_at_once(hostile: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidAddressError):
        read_credentials(f"Digest {hostile}")
    assert time.perf_counter() - started < 0.1


def test_nothing_of_the_proof_is_shown() -> None:
    credentials = read_credentials(MUFASA.format(algorithm="MD5", response=RESPONSES["MD5"]))
    assert RESPONSES["MD5"] not in repr(credentials)
