#!/usr/bin/env bash
# Makes one virtual environment with exactly the pinned packages, each checked against its hash.
# Usage: venv.sh DIR REQUIREMENTS
set -euo pipefail

directory=$1
requirements=$2
python=$("$(dirname "${BASH_SOURCE[0]}")/find-python.sh")
[ -x "$directory/bin/python" ] || "$python" -m venv --clear "$directory"
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$requirements"
