#!/usr/bin/env bash
# Prints the path of a Python >= 3.11: $PYTHON if set, else python3, else the newest named one.
set -euo pipefail

for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
        # Not the launcher of a version switcher, which may lead elsewhere in another folder.
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo 'Python 3.11 or newer is needed (set PYTHON to its path).' >&2
exit 1
