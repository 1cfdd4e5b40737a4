"""Run the benchmarks and print one table: ``python -m benchmarks [SUBJECT …]``."""

from __future__ import annotations

import argparse
import importlib

from .measure import HEADER

SUBJECTS = (
    "parse",
    "stepping",
    "functions",
    "cold",
    "requests",
    "signaling",
    "forking",
    "listening",
    "clients",
    "transcoding",
    "recording",
)


def main() -> None:
    """Measure the subjects asked for (all by default), one after another."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("subject", nargs="*", default=SUBJECTS, help=f"one of {', '.join(SUBJECTS)}")
    print(HEADER)
    for subject in parser.parse_args().subject:
        for row in importlib.import_module(f"benchmarks.{subject}").main():
            print(row.markdown(), flush=True)


if __name__ == "__main__":
    main()
