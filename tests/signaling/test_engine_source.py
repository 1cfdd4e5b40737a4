"""Where the engine's source comes from, and that its patches outlive a release."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[2] / "signaling" / "engine" / "native"
PATCHES = sorted(NATIVE.glob("*.patch"))
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@", re.MULTILINE)


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False
    )


# --- patches ---


def hunks() -> list[tuple[str, str, int, list[str], list[str]]]:
    """Of all patches: (patch, file, first line, lines before, lines after)."""
    found = []
    for patch in PATCHES:
        name, body = "", patch.read_text().splitlines()
        for number, line in enumerate(body):
            if line.startswith("--- a/"):
                name = line.removeprefix("--- a/")
            elif header := HUNK.match(line):
                rest = body[number + 1 :]
                end = next((at for at, text in enumerate(rest) if text.startswith(("--- ", "@@"))), len(rest))
                before = [text[1:] for text in rest[:end] if text[:1] in {" ", "-"}]
                after = [text[1:] for text in rest[:end] if text[:1] in {" ", "+"}]
                found.append((patch.name, name, int(header[1]), before, after))
    return found


def tree_of(folder: Path, around: Callable[[int], list[str]]) -> dict[str, list[str]]:
    """Files with the places that the patches change, and ``around(n)`` before and after the nth of them."""
    files: dict[str, list[str]] = {}
    ordered = sorted(hunks(), key=lambda hunk: (hunk[1], hunk[2]))
    for number, (_, name, _, before, _) in enumerate(ordered):
        files.setdefault(name, []).extend([*around(number), *before, *around(number)])
    for name, lines in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n")
    return files


def moved(number: int) -> list[str]:
    return [f"/* {number}: a line that the measured release does not have */"] * (3 + 40 * (number % 2))


def test_patches_have_one_line_of_context_at_most() -> None:
    assert {patch for patch, *_ in hunks()} == {patch.name for patch in PATCHES}
    for patch in PATCHES:
        for body in re.split(HUNK, patch.read_text())[3::3]:
            lines = body.split("\n--- ")[0].splitlines()[1:]
            assert [line[:1] for line in lines].count(" ") <= 2, (patch.name, lines)


def test_patches_apply_where_lines_have_moved_and_what_is_near_by_has_changed(tmp_path: Path) -> None:
    files = tree_of(tmp_path, moved)
    applied = run(NATIVE / "apply-patches.sh", tmp_path)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    for _, name, _, before, after in hunks():
        text = "\n".join(files[name])
        assert "\n".join(before) in text
        assert "\n".join(after) in (tmp_path / name).read_text()


@pytest.mark.parametrize("hunk", hunks(), ids=lambda hunk: f"{hunk[0]}:{hunk[2]}")
def test_patch_whose_place_has_gone_is_named_with_what_to_do(
    tmp_path: Path, hunk: tuple[str, str, int, list[str], list[str]]
) -> None:
    patch, name, _, before, _ = hunk
    tree_of(tmp_path, moved)
    file = tmp_path / name
    changed = [re.sub(r"\w+", "other", line) for line in before]
    file.write_text(file.read_text().replace("\n".join(before), "\n".join(changed)))
    applied = run(NATIVE / "apply-patches.sh", tmp_path)
    assert applied.returncode == 1
    assert f"does not apply to this pjproject: {patch}\n" in applied.stderr
    assert "delete the patch" in applied.stderr
    assert "measured-source" in applied.stderr


def test_each_place_is_the_only_one_of_its_kind_in_the_measured_source(tmp_path: Path) -> None:
    """Else a patch could apply at the wrong one, once lines have moved."""
    cache = (
        os.environ.get("CALLAPI_CACHE")
        or f"{os.environ.get('XDG_CACHE_HOME', Path.home() / '.cache')}/callapi"
    )
    tarball = Path(cache) / measured()["tarball"]
    if not tarball.exists():
        pytest.skip(f"no {tarball}: the engine was not built on this machine")
    names = sorted({name for _, name, *_ in hunks()})
    unpacked = run(
        "tar",
        "-xf",
        tarball,
        "-C",
        tmp_path,
        "--strip-components=1",
        "--wildcards",
        *(f"*/{n}" for n in names),
    )
    assert unpacked.returncode == 0, unpacked.stderr
    for patch, name, first, before, _ in hunks():
        text = (tmp_path / name).read_text()
        assert text.count("\n".join(before)) == 1, (patch, name)
        file_lines = text.splitlines()
        assert file_lines[first - 1 : first - 1 + len(before)] == before, (patch, name)
    assert run(NATIVE / "apply-patches.sh", tmp_path).returncode == 0


# --- the source ---


def measured() -> dict[str, str]:
    lines = (NATIVE / "measured-source").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_measured_source_is_named_by_release_and_checksum() -> None:
    assert measured().keys() == {"release", "tarball", "sha256"}
    assert re.fullmatch(r"[0-9a-f]{64}", measured()["sha256"])


APT_GET = r"""#!/usr/bin/env bash
set -eu
printf 'apt-get %s\n' "$*" >> "$ARCHIVE/calls"
case " $* " in
    *' indextargets '*'$(SOURCESENTRY)'*) echo "Debian|Debian|$MIRROR|$ARCHIVE/entry.sources:1" ;;
    *' indextargets '*) printf 'Debian|Debian|trixie\nDebian|Debian|trixie-updates\nOther|Other|x\n' ;;
    *' update '*)
        list=$(sed -n 's/.*Dir::Etc::sourcelist=\([^ ]*\).*/\1/p' <<< "$*")
        for suite in $(sed -n 's/^Suites: //p' "$list"); do [ -d "$ARCHIVE/$suite" ] || exit 100; done ;;
    *' source '*)
        all=$*
        version=${all##*=}
        cp "$ARCHIVE"/*/asterisk_"$version".orig-Xpjproject.tar.xz . ;;
esac
"""
APT_CACHE = r"""#!/usr/bin/env bash
set -eu
list=$(sed -n 's/.*Dir::Etc::sourcelist=\([^ ]*\).*/\1/p' <<< "$*")
for suite in $(sed -n 's/^Suites: //p' "$list"); do
    for file in "$ARCHIVE/$suite"/*.tar.xz; do
        [ -f "$file" ] || continue
        version=$(basename "$file" .orig-Xpjproject.tar.xz)
        printf 'Package: asterisk\nVersion: %s\nChecksums-Sha256:\n %s 9 asterisk_1.orig.tar.xz\n %s 9 %s\n\n' \
            "${version#asterisk_}" "$(printf '%064d' 0)" "$(sha256sum "$file" | cut -d' ' -f1)" "$(basename "$file")"
    done
done
"""


class Archive:
    """A Debian archive in a folder, and the programs that read it.  The measured source is ``MEASURED``."""

    MEASURED = b"the measured release"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.into, self.cache = folder / "into", folder / "home" / "cache"
        for name in ("bin", "native", "into", "sid"):
            (folder / name).mkdir()
        for name, text in {"apt-get": APT_GET, "apt-cache": APT_CACHE}.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        (folder / "entry.sources").write_text(
            "Types: deb\nURIs: mirror:/debian\nSigned-By: /own/keyring.pgp\n"
        )
        shutil.copy(NATIVE / "fetch-source.sh", folder / "native")
        digest = hashlib.sha256(self.MEASURED).hexdigest()
        self.tarball = "asterisk_2.0.orig-Xpjproject.tar.xz"
        (folder / "native" / "measured-source").write_text(
            f"release=2\ntarball={self.tarball}\nsha256={digest}\n"
        )

    def add(self, suite: str, version: str, content: bytes) -> None:
        (self.folder / suite).mkdir(exist_ok=True)
        (self.folder / suite / f"asterisk_{version}.orig-Xpjproject.tar.xz").write_bytes(content)

    def fetch(self) -> subprocess.CompletedProcess[str]:
        return run(
            self.folder / "native" / "fetch-source.sh",
            self.into,
            PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}",
            ARCHIVE=str(self.folder),
            MIRROR="mirror:/debian",
            CALLAPI_CACHE=str(self.cache),
        )

    def fetched(self) -> bytes:
        done = self.fetch()
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip()).read_bytes()

    def calls(self) -> str:
        file = self.folder / "calls"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_measured_source_in_the_first_suite_is_taken_without_a_look_at_others(archive: Archive) -> None:
    archive.add("sid", "2.0", archive.MEASURED)
    assert archive.fetched() == archive.MEASURED
    assert archive.calls().count(" update") == 1


def test_measured_source_is_taken_from_another_suite_when_the_first_has_a_newer_one(archive: Archive) -> None:
    archive.add("sid", "2.1", b"newer")
    archive.add("testing", "2.0", archive.MEASURED)
    assert archive.fetched() == archive.MEASURED


def test_suite_of_the_machine_itself_is_asked_too(archive: Archive) -> None:
    archive.add("sid", "2.1", b"newer")
    archive.add("trixie", "2.0", archive.MEASURED)  # and no testing at all
    assert archive.fetched() == archive.MEASURED


def test_newest_of_all_suites_is_taken_when_none_has_the_measured_one(archive: Archive) -> None:
    archive.add("sid", "2.9", b"new")
    archive.add("testing", "2.10", b"newest")
    archive.add("trixie", "1.0", b"old")
    assert archive.fetched() == b"newest"
    assert not (archive.cache / archive.tarball).exists()


def test_measured_source_is_kept_and_then_needs_no_archive(archive: Archive) -> None:
    archive.add("sid", "2.0", archive.MEASURED)
    archive.fetched()
    before = archive.calls()
    assert archive.fetched() == archive.MEASURED
    assert archive.calls() == before


def test_damaged_file_in_the_cache_is_not_taken(archive: Archive) -> None:
    archive.cache.mkdir(parents=True)
    (archive.cache / archive.tarball).write_bytes(b"half of it")
    archive.add("sid", "2.0", archive.MEASURED)
    assert archive.fetched() == archive.MEASURED


def test_archive_without_the_source_says_which_file_to_put_where(archive: Archive) -> None:
    done = archive.fetch()
    assert done.returncode != 0
    assert f"Put the measured tarball, {archive.tarball} (SHA-256 " in done.stderr
    assert str(archive.cache) in done.stderr
