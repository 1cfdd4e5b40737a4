"""Prints the samples and PASS or FAIL; exit status 1: something grew, was lost or stayed behind."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from .run import Plan, Run, scene
from .samples import table

SHOWN = 24
"""Lines of the table at most."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--calls", type=int, default=12, help="long ones, which live all the time")
    parser.add_argument("--churn", type=int, default=4, help="short ones at a time")
    parser.add_argument("--hours", type=float, default=4, help="of call time in these seconds")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    plan = Plan(chosen.seed, chosen.seconds, chosen.calls, chosen.churn, chosen.hours)
    with scene(folder) as running:
        run = Run(plan, running, lambda line: print(line, flush=True))
        faults = run.faults()
    *during, after = run.samples
    print(table([*during[:: max(1, len(during) // SHOWN)], after]))
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"FAIL seed {chosen.seed}, evidence in {folder}" if faults else f"PASS seed {chosen.seed}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
