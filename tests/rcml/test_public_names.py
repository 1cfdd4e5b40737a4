"""The public names of the language and of the grammar stay."""

from __future__ import annotations

from chalicelib import rcml, sip


def test_public_names() -> None:
    assert rcml.__all__ == sorted(rcml.__all__, key=lambda name: (name[0].islower(), name))
    assert {"parse", "seal_passwords", "Document", "Problem", "RcmlError", "Dial", "Sip"} <= set(rcml.__all__)
    assert {"parse_uri", "invite_headers", "outcome", "best_response", "address_of"} <= set(sip.__all__)
