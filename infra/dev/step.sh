#!/usr/bin/env bash
# Runs one step of the set-up and shows that it is going on: a running clock on a terminal, one line when it starts
# and one when it is over elsewhere. What the step prints is kept back, and shown only when it fails; but lines with
# ATTENTION: always are.
# Usage: step.sh "What it does" COMMAND...
set -uo pipefail

what=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
started=$SECONDS

"$@" > "$log" 2>&1 &
pid=$!
trap 'kill "$pid" 2> /dev/null; exit 130' INT TERM
if [ -t 1 ]; then
    while kill -0 "$pid" 2> /dev/null; do
        printf '\r  \033[2m%s … %ds\033[0m\033[K' "$what" "$((SECONDS - started))"
        sleep 0.2
    done
    printf '\r\033[K'
else
    printf '  %s …\n' "$what"
fi
wait "$pid"
status=$?
if [ "$status" = 0 ]; then
    printf '  %s: done in %ds\n' "$what" "$((SECONDS - started))"
    sed -n '/ATTENTION:/s/^/  /p' "$log"
else
    printf '  %s: FAILED (status %d)\n' "$what" "$status"
    tail -n 80 "$log"
fi
exit "$status"
