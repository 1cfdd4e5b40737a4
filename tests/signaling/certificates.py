"""A certificate authority for one test."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


def authority(folder: Path) -> Certificate:
    made = Certificate(folder / "ca.pem", folder / "ca.key")
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
        "-keyout", str(made.key), "-out", str(made.cert),
    )  # fmt: skip
    return made


def certificate(folder: Path, issuer: Certificate, name: str) -> Certificate:
    """For a server called ``name``."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName=DNS:{name}\n")
    _openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", str(made.key),
        "-out", str(request),
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-in", str(request), "-CA", str(issuer.cert), "-CAkey", str(issuer.key), "-days", "1",
        "-CAcreateserial", "-extfile", str(extensions), "-out", str(made.cert),
    )  # fmt: skip
    return made


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
