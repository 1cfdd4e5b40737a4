"""Puts together what Lambda gets: each function's folder and the layer of dependencies.

``sam build`` comes here by the makefile's ``build-<LogicalId>`` targets, and the local platform directly, so that
what is tried locally is what is deployed.  Nothing is downloaded: the layer is copied from the environment that
runs this, whose packages are pinned by hash, so it fits the machine's architecture and Python version only.
"""

from __future__ import annotations

import compileall
import io
import py_compile
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from sysconfig import get_path

ROOT = Path(__file__).resolve().parents[1]
SITE_PACKAGES = Path(get_path("platlib"))
LAYER_LIST = ROOT / "layers" / "dependencies.txt"
SKIPPED = ("__pycache__", "*.pyc", "*.pyi", "*.pyx", "*.pxd", "*.h", "*.so.dSYM", "tests")


def build_function(name: str, destination: Path) -> None:
    """Copy ``functions/<name>/app.py`` and ``chalicelib`` into ``destination``.

    Raises FileNotFoundError when there is no such function.
    """
    destination.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "functions" / name.lower() / "app.py", destination / "app.py")
    ignored = shutil.ignore_patterns(*SKIPPED)
    shutil.copytree(ROOT / "chalicelib", destination / "chalicelib", ignore=ignored, dirs_exist_ok=True)
    _compile(destination)


def build_layer(destination: Path) -> None:
    """Copy the packages of ``layers/dependencies.txt`` into ``destination``/python."""
    for line in LAYER_LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            name, *left_out = line.split()
            _copy(name, [part.removeprefix("!") for part in left_out], destination / "python")
    _compile(destination)


def zipped(build: Callable[[Path], None], scratch: Path) -> bytes:
    """What ``build`` puts into a folder, as a zip.  Equal contents give equal bytes: names sorted, no dates."""
    build(scratch)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in scratch.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(scratch).as_posix())
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _copy(name: str, left_out: Iterable[str], into: Path) -> None:
    source, target = SITE_PACKAGES / name, into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_file():
        shutil.copy2(source, target)
        return
    unwanted = {source / part for part in left_out}
    by_pattern = shutil.ignore_patterns(*SKIPPED)

    def ignored(folder: str, names: list[str]) -> set[str]:
        return by_pattern(folder, names) | {each for each in names if Path(folder) / each in unwanted}

    shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)


def _compile(folder: Path) -> None:
    """Byte code beside every module: Lambda's folders are read-only, so each cold start would compile it anew.

    With hashes that are not checked instead of dates (PEP 552), so that equal sources give equal bytes.
    """
    compileall.compile_dir(
        folder,
        quiet=2,
        force=True,
        stripdir=str(folder),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def main(arguments: list[str]) -> int:
    """``function NAME DIRECTORY`` or ``layer DIRECTORY``; the exit status."""
    match arguments:
        case ["function", name, directory]:
            build_function(name, Path(directory))
        case ["layer", directory]:
            build_layer(Path(directory))
        case _:
            print(
                "usage: python -m callapi.packaging function NAME DIRECTORY | layer DIRECTORY",
                file=sys.stderr,
            )
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
