"""Exit status 1: something was wrong; what, and where the evidence lies, is on the standard output."""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from .run import Plan, Run

BUILD = Path(__file__).parents[2] / "signaling" / "engine" / "native" / "build-engine.sh"


def asan() -> dict[str, str]:
    """The variables with which a process uses the engine of ``make engine-asan``."""
    command = [str(BUILD), sys.executable, "--asan", "--environment"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--rate", type=float, default=8, help="flows a second")
    parser.add_argument("--share", type=float, default=0.35, help="of the messages that is spoilt")
    parser.add_argument("--first", type=int, default=0, help="the number of the first flow")
    parser.add_argument("--flows", type=int, default=1 << 30, help="how many at most")
    parser.add_argument("--asan", action="store_true", help="on the engine that make engine-asan builds")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    environment = asan() if chosen.asan else {}
    plan = Plan(
        chosen.seed, chosen.seconds, environment, chosen.rate, chosen.share, chosen.first, chosen.flows
    )
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    faults = Run(plan, folder, lambda line: print(line, flush=True)).faults()
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"seed {chosen.seed}: " + (f"evidence in {folder}" if faults else "nothing was wrong"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
