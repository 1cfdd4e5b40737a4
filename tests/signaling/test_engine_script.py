"""What `build-engine.sh` does about a source that is not the measured one; the compilers are stand-ins."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import venv
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[2] / "signaling" / "engine" / "native"
OUTPUT = """#!/usr/bin/env bash
while [ $# -gt 0 ]; do [ "$1" != -o ] || echo "$2" > "$2"; shift; done
"""
PATCH = "Why.\n\n--- a/version.mak\n+++ b/version.mak\n@@ -2,1 +2,2 @@\n export PJ_VERSION_MINOR := 18\n+# patched\n"
SELF_TEST = "import sys, pjsua2\nprint('the self-test ran', file=sys.stderr)\nsys.exit({status})\n"


class Build:
    """A copy of the folder, as the image's build has one, with a source that compiles at once, and a cache.

    It has an environment of its own: the script writes the engine's path into that of the interpreter it is given.
    """

    def __init__(self, folder: Path, *, self_test: int = 0) -> None:
        self.native, self.into, self.cache = folder / "native", folder / "into", folder / "cache"
        self.bin = folder / "bin"
        venv.create(folder / "venv", symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        for path in (self.native, self.cache, self.bin):
            path.mkdir()
        for file in (*NATIVE.glob("*.sh"), *NATIVE.glob("*.h"), *NATIVE.glob("*.c")):
            shutil.copy(file, self.native)
        (self.native / "self_test.py").write_text(SELF_TEST.format(status=self_test))
        (self.native / "one.patch").write_text(PATCH)
        for name in ("make", "swig", "gcc", "g++", "strip"):
            (self.bin / name).write_text(OUTPUT)
            (self.bin / name).chmod(0o755)
        self.tarball = self.cache / "asterisk_3.orig-Xpjproject.tar.xz"
        pack(folder / "source", self.tarball)
        self.measure(self.tarball)

    def measure(self, tarball: Path) -> None:
        """Take it for the measured one."""
        digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
        (self.native / "measured-source").write_text(
            f"release=2.17\ntarball={tarball.name}\nsha256={digest}\n"
        )

    def fetches_another(self) -> None:
        """The archive has the source that is in the cache; measured was one that is nowhere any more."""
        fetched = self.cache.parent / "fetched.tar.xz"
        self.tarball.rename(fetched)
        (self.native / "fetch-source.sh").write_text(
            f'#!/usr/bin/env bash\ncp {fetched} "$1/"\necho "$1/{fetched.name}"\n'
        )
        digest = hashlib.sha256(b"measured").hexdigest()
        (self.native / "measured-source").write_text(
            f"release=2.17\ntarball=measured.tar.xz\nsha256={digest}\n"
        )

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.native / "build-engine.sh"), str(self.python)]
        command += options or ("--into", str(self.into))
        path = f"{self.bin}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "CALLAPI_CACHE": str(self.cache)}
        environment.pop("PYTHONPATH", None)
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )


def pack(source: Path, tarball: Path) -> None:
    python = source / "pjsip-apps/src/swig/python"
    for folder in (python, source / "pjlib/include/pj", source / "pjmedia/src/pjmedia-audiodev"):
        folder.mkdir(parents=True)
    (source / "version.mak").write_text("export PJ_VERSION_MAJOR := 2\nexport PJ_VERSION_MINOR := 18\n")
    (source / "configure").write_text("#!/bin/sh\ngrep -q patched version.mak\n")
    (source / "configure").chmod(0o755)
    (source / "pjsip-apps/src/swig/python/pjsua2.py").write_text("")
    with tarfile.open(tarball, "w:xz") as packed:
        packed.add(source, "pjproject")


@pytest.fixture
def other(tmp_path: Path) -> Build:
    build = Build(tmp_path)
    build.fetches_another()
    return build


def test_measured_source_is_built_in_silence_and_without_a_self_test(tmp_path: Path) -> None:
    build = Build(tmp_path)
    done = build.run()
    assert done.returncode == 0, done.stderr
    assert "ATTENTION" not in done.stderr
    assert "the self-test ran" not in done.stderr
    assert (build.into / "pjsua2.py").exists()


def test_another_source_is_built_with_a_warning_after_the_self_test(other: Build) -> None:
    done = other.run()
    assert done.returncode == 0, done.stderr
    assert "ATTENTION: building pjproject 2.18; measured and tested was 2.17" in done.stderr
    assert "the self-test ran" in done.stderr
    assert (other.into / "pjsua2.py").exists()


def test_self_test_runs_once_and_the_warning_stays(other: Build) -> None:
    other.run()
    again = other.run("--if-cached")
    assert again.returncode == 0, again.stderr
    assert "ATTENTION: this is pjproject 2.18" in again.stderr
    assert "the self-test ran" not in again.stderr
    (path,) = other.python.parents[1].glob("lib/*/site-packages/callapi-engine.pth")
    assert Path(path.read_text().strip()).parent == other.cache


def test_engine_that_fails_its_self_test_is_not_taken_into_use(tmp_path: Path) -> None:
    build = Build(tmp_path, self_test=1)
    build.fetches_another()
    done = build.run()
    assert done.returncode != 0
    assert "was not taken into use" in done.stderr
    assert "Put the measured tarball, measured.tar.xz (SHA-256 " in done.stderr
    assert not build.into.exists()
    assert not list(build.cache.glob("engine-*"))
    assert build.run("--if-cached").returncode == 1


def test_patch_that_does_not_apply_ends_the_build_and_is_named(other: Build) -> None:
    (other.native / "one.patch").write_text(PATCH.replace("MINOR := 18", "MINOR := 17"))
    done = other.run()
    assert done.returncode != 0
    assert "does not apply to this pjproject: one.patch" in done.stderr
    assert not list(other.cache.glob("*ing.*"))
