"""Addresses that two guards once judged differently: the one for URLs and the one for SIP."""

from __future__ import annotations

REFUSED_FOR_URLS_ALONE = [
    "192.0.0.8", "192.0.0.9",  # protocol assignments (RFC 6890)
    "192.88.99.1", "::ffff:192.88.99.1",  # a relay of 6to4
    "::127.0.0.1",  # compatible with IPv4
    "::ffff:0:127.0.0.1",  # translated by SIIT (RFC 2765)
    "::ffff:224.0.0.1",  # multicast, mapped
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::127.0.0.1",  # NAT64 (RFC 6052, RFC 8215)
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1",  # 6to4
    "fec0::1",  # site-local (RFC 3879)
    "100:0:0:1::1", "4000::1", "5f00::1",  # outside of what is assigned to public hosts
]  # fmt: skip
