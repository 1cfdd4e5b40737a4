from __future__ import annotations

from signaling.registrar.nonces import KEPT, SECONDS, Nonces


class Clock:
    now = 1_790_000_000.5

    def __call__(self) -> float:
        return self.now


def test_nonce_is_fresh_for_a_while() -> None:
    clock = Clock()
    nonces = Nonces(clock)
    nonce = nonces.new("example.com", "203.0.113.7")
    clock.now += SECONDS - 1
    assert nonces.is_fresh(nonce, "example.com", "203.0.113.7")
    clock.now += 1
    assert not nonces.is_fresh(nonce, "example.com", "203.0.113.7")


def test_nonce_is_for_its_realm_and_its_address() -> None:
    nonces = Nonces()
    nonce = nonces.new("example.com", "203.0.113.7")
    assert not nonces.is_fresh(nonce, "example.org", "203.0.113.7")
    assert not nonces.is_fresh(nonce, "example.com", "203.0.113.8")


def test_nonce_of_another_process_is_not_fresh() -> None:
    assert not Nonces().is_fresh(Nonces().new("h", "1"), "h", "1")


def test_nonce_that_was_changed_is_not_fresh() -> None:
    nonces = Nonces()
    nonce = nonces.new("h", "1")
    for changed in ("f" * 8 + nonce[8:], nonce[:-1], nonce + "0", "", "\ufffd", nonce.upper() + "G"):
        assert not nonces.is_fresh(changed, "h", "1")


def test_two_telephones_at_one_address_get_different_nonces() -> None:
    nonces = Nonces(Clock())
    assert nonces.new("h", "1") != nonces.new("h", "1")


def test_use_of_a_nonce_counts_up() -> None:
    nonces = Nonces()
    assert [nonces.use("n", count) for count in (1, 1, 2, 5, 4)] == [True, False, True, True, False]


def test_used_nonce_is_not_forgotten_while_it_is_fresh_and_those_kept_are_bounded() -> None:
    clock = Clock()
    nonces = Nonces(clock)
    made = [f"{int(clock.now):08x}-{number}" for number in range(KEPT + 1)]
    assert all(nonces.use(nonce, 1) for nonce in made[:-1])
    assert not nonces.use(made[-1], 1)
    assert not nonces.use(made[0], 1)
    assert nonces.use(made[0], 2)
    clock.now += SECONDS
    assert nonces.use(f"{int(clock.now):08x}-new", 1)
